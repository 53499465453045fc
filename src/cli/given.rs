//! The arguments that say which config a verb works with.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::{self, Given, Loaded, Problems};

/// Names the config file when no argument does.
const VARIABLE: &str = "WAYFARER_CONFIG";

/// The config file and what is put over it.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ConfigArgs {
    /// The config file; without one, every setting has its default.
    #[arg(
        short,
        long,
        value_name = "FILE",
        help = "The config file; $WAYFARER_CONFIG names it too",
        long_help = "The config file; $WAYFARER_CONFIG names it too.\n\
                     Without one, every setting has its default."
    )]
    pub config: Option<PathBuf>,

    /// Settings put over the file and the environment, each as `KEY=VALUE`; the last one wins.
    #[arg(
        long,
        value_name = "KEY=VALUE",
        help = "Puts a setting over the file and the environment; may be repeated",
        long_help = "Puts a setting over the file and the environment; may be repeated.\n\
                     KEY is the path with dots, VALUE a text or YAML on one line:\n\
                     --set kafka.group_id=shop --set 'maps=[shop.yaml, builtin:five-stages]'"
    )]
    pub set: Vec<String>,
}

impl ConfigArgs {
    /// The config file that the arguments or the environment name.
    pub fn file(&self, env: &BTreeMap<String, String>) -> Option<PathBuf> {
        let named = || env.get(VARIABLE).filter(|name| !name.is_empty());
        self.config.clone().or_else(|| named().map(PathBuf::from))
    }

    /// Loads the config with its maps.
    ///
    /// # Errors
    ///
    /// Every problem with them.
    pub fn load(&self, env: &BTreeMap<String, String>) -> Result<Loaded, Problems> {
        let file = self.file(env);
        config::load(&Given {
            file: file.as_deref(),
            env,
            set: &self.set,
        })
    }
}
