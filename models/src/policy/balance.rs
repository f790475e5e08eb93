//! Balancing: which of several servers takes the next request, and which of them are believed able to.
//!
//! Each rule is a plain struct or function over servers in a fixed order; a balancer runs on them, and so may whoever tests
//! a rule alone. Nothing here draws by itself: what is random is handed in.

pub mod edf;
pub mod ejection;
pub mod ewma;
pub mod health;
pub mod maglev;
pub mod nginx;
pub mod rendezvous;
pub mod ring;

pub use edf::Edf;
pub use ejection::{Ejection, Outliers};
pub use ewma::PeakEwma;
pub use health::{Checks, in_panic, slow_start, spill};
pub use maglev::Maglev;
pub use nginx::{Failures, Smooth};
pub use ring::Ring;
