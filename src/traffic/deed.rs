//! Everything that a customer can do.

use crate::domain::Touchpoint;

use super::customer::Customer;
use super::scene::Scene;

/// Something that a customer does. Each deed leaves one touchpoint and decides what comes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deed {
    /// Begins a visit.
    Come,
    /// Meets what leads to the shop: the n-th thing of the visit's
    /// entry, or else the first page.
    Lead(u8),
    SignIn,
    Browse,
    AddToCart,
    RemoveFromCart,
    ViewCart,
    EmptyCart,
    StartCheckout,
    EnterCoupon,
    HearOfCoupon,
    /// Loads the page of the checkout again, and so many times more.
    Reload(u8),
    EnterShipping,
    EnterPayment,
    FailToPay,
    Buy,
    VisitStore,
    BuyInStore,
    SeeShipped,
    SeeDelivered,
    Cancel,
    SendBack,
    GetRefund,
    Review,
    Refer,
    AnswerNps,
    AnswerCsat,
    AnswerCes,
    OpenTicket,
    GetAnswer,
    GetSolution,
    Call,
    GetHelp,
}

impl Customer {
    /// Does `deed` now.
    pub(super) fn act(&mut self, deed: Deed, scene: &mut Scene<'_>) -> Touchpoint {
        match deed {
            Deed::Come => self.come(scene),
            Deed::Lead(which) => self.lead(which, scene),
            Deed::SignIn => self.sign_in(scene),
            Deed::Browse => self.browse(scene),
            Deed::AddToCart => self.add_to_cart(scene),
            Deed::RemoveFromCart => self.remove_from_cart(scene),
            Deed::ViewCart => self.view_cart(scene),
            Deed::EmptyCart => self.empty_cart(scene),
            Deed::StartCheckout => self.start_checkout(scene),
            Deed::EnterCoupon => self.enter_coupon(scene),
            Deed::HearOfCoupon => self.hear_of_coupon(scene),
            Deed::Reload(again) => self.reload(again, scene),
            Deed::EnterShipping => self.enter_shipping(scene),
            Deed::EnterPayment => self.enter_payment(scene),
            Deed::FailToPay => self.fail_to_pay(scene),
            Deed::Buy => self.buy(scene),
            Deed::VisitStore => self.visit_store(scene),
            Deed::BuyInStore => self.buy_in_store(scene),
            Deed::SeeShipped => self.see_shipped(scene),
            Deed::SeeDelivered => self.see_delivered(scene),
            Deed::Cancel => self.money_back("cancelled", scene),
            Deed::SendBack => self.send_back(scene),
            Deed::GetRefund => self.money_back("refunded", scene),
            Deed::Review => self.of_order("web", "review_written", scene),
            Deed::Refer => self.touch_by("email", "friend_referred", scene),
            Deed::AnswerNps => self.answer_nps(scene),
            Deed::AnswerCsat => self.answer_csat(scene),
            Deed::AnswerCes => self.answer_ces(scene),
            Deed::OpenTicket => self.open_ticket(scene),
            Deed::GetAnswer => self.get_answer(scene),
            Deed::GetSolution => self.get_solution(scene),
            Deed::Call => self.call(scene),
            Deed::GetHelp => self.get_help(scene),
        }
    }
}
