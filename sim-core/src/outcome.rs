//! How a call can end.

use serde::{Deserialize, Serialize};

/// The closed set of ways in which a call fails. Those with a number are answers of a callee; the others are the caller's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Code {
    /// 429 Too Many Requests: refused by a rate limit.
    #[serde(rename = "429")]
    TooManyRequests = 1,
    /// 500 Internal Server Error: the callee's own fault, or the error of something it called.
    #[serde(rename = "500")]
    Internal,
    /// 502 Bad Gateway: connection refused or reset, killed while it worked, stale endpoint.
    #[serde(rename = "502")]
    BadGateway,
    /// 503 Service Unavailable: queue full, no healthy endpoint, shed.
    #[serde(rename = "503")]
    Unavailable,
    /// 504 Gateway Timeout: something the callee waited for took too long.
    #[serde(rename = "504")]
    GatewayTimeout,
    /// 508 Loop Detected: calls nested deeper than the limit.
    #[serde(rename = "508")]
    LoopDetected,
    /// The caller stopped waiting.
    #[serde(rename = "timeout")]
    Timeout,
    /// The connection did not come about in time.
    #[serde(rename = "connect_timeout")]
    ConnectTimeout,
    /// The caller was told to stop.
    #[serde(rename = "cancelled")]
    Cancelled,
}

impl Code {
    /// All of them, in order.
    pub const ALL: &'static [Code] = &[
        Code::TooManyRequests,
        Code::Internal,
        Code::BadGateway,
        Code::Unavailable,
        Code::GatewayTimeout,
        Code::LoopDetected,
        Code::Timeout,
        Code::ConnectTimeout,
        Code::Cancelled,
    ];

    /// As in files and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Code::TooManyRequests => "429",
            Code::Internal => "500",
            Code::BadGateway => "502",
            Code::Unavailable => "503",
            Code::GatewayTimeout => "504",
            Code::LoopDetected => "508",
            Code::Timeout => "timeout",
            Code::ConnectTimeout => "connect_timeout",
            Code::Cancelled => "cancelled",
        }
    }

    /// The code called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|c| c.name() == name)
    }
}

/// A set of codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CodeSet(u16);

impl CodeSet {
    /// Whether `code` is in it.
    #[must_use]
    pub fn contains(self, code: Code) -> bool {
        self.0 & (1 << code as u8) != 0
    }

    /// With `code` in it.
    #[must_use]
    pub fn with(self, code: Code) -> CodeSet {
        CodeSet(self.0 | 1 << code as u8)
    }
}
