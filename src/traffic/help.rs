//! Help and what people say of it: tickets, calls, surveys.

use crate::domain::{Millis, Score, ScoreKind, Touchpoint};

use super::customer::Customer;
use super::deed::Deed;
use super::scene::Scene;

impl Customer {
    pub(super) fn open_ticket(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.ask("ticket", scene);
        self.perhaps(90, Millis::from_hours(2), Deed::GetAnswer, scene);
        let touchpoint = self.of_order("email", "ticket_opened", scene);
        self.of_request(touchpoint)
    }

    pub(super) fn get_answer(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.perhaps(92, Millis::from_hours(10), Deed::GetSolution, scene);
        let touchpoint = self.touch_by("email", "ticket_answered", scene);
        self.answered(touchpoint)
    }

    pub(super) fn get_solution(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.perhaps(25, Millis::from_minutes(40), Deed::AnswerCes, scene);
        let touchpoint = self.touch_by("email", "ticket_resolved", scene);
        self.answered(touchpoint)
    }

    pub(super) fn call(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.ask("call", scene);
        self.perhaps(80, Millis::from_minutes(4), Deed::GetHelp, scene);
        let touchpoint = self.touch_by("phone", "call_made", scene);
        self.of_request(touchpoint)
    }

    pub(super) fn get_help(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.perhaps(20, Millis::from_minutes(10), Deed::AnswerCsat, scene);
        self.perhaps(20, Millis::from_minutes(5), Deed::Come, scene);
        let touchpoint = self.touch_by("phone", "support_resolved", scene);
        self.answered(touchpoint)
    }

    fn ask(&mut self, prefix: &str, scene: &mut Scene<'_>) {
        self.request = Some(scene.names.thing(prefix));
        self.since = scene.now;
    }

    fn of_request(&self, mut touchpoint: Touchpoint) -> Touchpoint {
        touchpoint.request.clone_from(&self.request);
        touchpoint
    }

    /// An answer to the request, with the time it took.
    fn answered(&self, mut touchpoint: Touchpoint) -> Touchpoint {
        touchpoint.duration = Some(touchpoint.at.since(self.since));
        self.of_request(touchpoint)
    }

    pub(super) fn answer_nps(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let answers = &[
            (3, 0),
            (1, 1),
            (2, 2),
            (2, 3),
            (3, 4),
            (6, 5),
            (8, 6),
            (14, 7),
            (18, 8),
            (20, 9),
            (23, 10),
        ];
        let value = scene.rng.weighted(answers);
        self.answer(ScoreKind::Nps, value, scene)
    }

    pub(super) fn answer_csat(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let value = scene
            .rng
            .weighted(&[(7, 1), (6, 2), (13, 3), (30, 4), (44, 5)]);
        self.answer(ScoreKind::Csat, value, scene)
    }

    pub(super) fn answer_ces(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let answers = &[(4, 1), (5, 2), (8, 3), (13, 4), (25, 5), (25, 6), (20, 7)];
        let value = scene.rng.weighted(answers);
        self.answer(ScoreKind::Ces, value, scene)
    }

    fn answer(&self, kind: ScoreKind, value: u8, scene: &mut Scene<'_>) -> Touchpoint {
        let question = match kind {
            ScoreKind::Nps => "How likely are you to recommend us to a friend?",
            ScoreKind::Csat => "How satisfied are you with your order?",
            ScoreKind::Ces => "How easy was it to get your problem solved?",
        };
        let mut touchpoint = self.of_order("email", "survey_answered", scene);
        touchpoint.score = Some(Score {
            kind,
            value,
            question: Some(question.into()),
        });
        touchpoint
    }
}
