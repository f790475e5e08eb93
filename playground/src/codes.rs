//! How attempts end that are not answered well: the codes, as they travel and as they are called.

use floodgate::Code;

/// All of them; an index into this is what travels.
pub const CODES: &[Code] = Code::ALL;

/// What a code is called.
#[must_use]
pub fn name(index: u8) -> &'static str {
    CODES.get(index as usize).map_or("?", |code| code.name())
}

/// What it means, in a few words.
#[must_use]
pub fn meaning(index: u8) -> &'static str {
    match CODES.get(index as usize) {
        Some(Code::TooManyRequests) => "refused by a limit",
        Some(Code::Internal) => "internal error",
        Some(Code::BadGateway) => "refused or reset",
        Some(Code::Unavailable) => "unavailable",
        Some(Code::GatewayTimeout) => "gateway time-out",
        Some(Code::LoopDetected) => "nested too deep",
        Some(Code::Timeout) => "time-out",
        Some(Code::ConnectTimeout) => "no connection",
        Some(Code::Cancelled) => "cancelled",
        _ => "",
    }
}
