//! Compiles the protobuf messages, without `protoc` on the machine.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = ["proto/wayfarer/v1/state.proto"];
    prost_build::compile_fds(protox::compile(files, ["proto"])?)?;
    for file in files {
        println!("cargo::rerun-if-changed={file}");
    }
    Ok(())
}
