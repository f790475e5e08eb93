//! What lies between two nodes: how long it takes, what gets lost, how much fits through.

use crate::dist::Dist;
use crate::rng::{Draws, Source};
use crate::time::{Duration, Time};

/// A link as it is described. What is said of messages holds for calls, answers, news of endpoints and cancellations alike.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkSpec {
    /// One way; each direction draws its own.
    pub latency: Dist,
    /// Share among the links of the same port, for callers that choose by it; not negative.
    pub weight: f64,
    /// Chance that a message is lost and sent again, from 0 to [`LOSS_MAX`].
    pub loss: f64,
    /// How long after a message it is sent again for the first time when it was lost; each time after that it takes twice as
    /// long, up to two minutes (RFC 6298; Linux begins at 200 ms).
    pub rto: Duration,
    /// Bytes per second, in each direction; messages go one after the other. `None` is without bound.
    pub bandwidth: Option<u64>,
    /// Bytes of a call, and of an answer that is an error.
    pub call_bytes: u64,
    /// Bytes of a good answer.
    pub answer_bytes: u64,
    /// Whether it is cut.
    pub partition: Partition,
    /// Which classes of requests it is for, for callers that choose by it.
    pub classes: ClassSet,
    /// Both ends are in the same zone.
    pub near: bool,
}

/// Beyond it, a link is as good as cut.
pub const LOSS_MAX: f64 = 0.5;

/// A message is sent so often at most; then it gets through.
const SENT_MAX: u32 = 16;

/// The longest time between two attempts to send a message (Linux: `TCP_RTO_MAX`).
const RTO_MAX: Duration = Duration(120_000_000_000);

/// Whether a link is cut, and how whoever sends notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Partition {
    /// It is whole.
    #[default]
    None,
    /// Messages vanish. They are sent again and again, and get through after the link is whole.
    Drop,
    /// Calls are refused at once, answers are lost with their connection: both are 502 to the caller. News and cancellations
    /// wait until the link is whole.
    Refuse,
}

/// A set of classes of requests, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassSet([u64; 4]);

impl ClassSet {
    /// Every class.
    pub const ALL: ClassSet = ClassSet([u64::MAX; 4]);
    /// No class.
    pub const NONE: ClassSet = ClassSet([0; 4]);

    /// Whether a class belongs to it.
    #[inline]
    #[must_use]
    pub fn has(&self, class: u8) -> bool {
        self.0[usize::from(class >> 6)] >> (class & 63) & 1 == 1
    }

    /// Adds a class.
    pub fn add(&mut self, class: u8) {
        self.0[usize::from(class >> 6)] |= 1 << (class & 63);
    }
}

impl Default for LinkSpec {
    fn default() -> LinkSpec {
        LinkSpec {
            latency: Dist::Constant(Duration::ZERO),
            weight: 1.0,
            loss: 0.0,
            rto: Duration::from_millis(200),
            bandwidth: None,
            call_bytes: 0,
            answer_bytes: 0,
            partition: Partition::None,
            classes: ClassSet::ALL,
            near: false,
        }
    }
}

impl From<Dist> for LinkSpec {
    fn from(latency: Dist) -> LinkSpec {
        LinkSpec { latency, ..LinkSpec::default() }
    }
}

impl LinkSpec {
    /// How long every message takes, if they all take as long.
    pub(crate) fn constant(&self) -> Option<Duration> {
        match self.latency {
            Dist::Constant(delay)
                if self.loss == 0.0 && self.bandwidth.is_none() && self.partition == Partition::None =>
            {
                Some(delay)
            }
            _ => None,
        }
    }

    /// How long a message is sent again and again until it gets through.
    pub(crate) fn resending(&self, draws: &mut Draws) -> Duration {
        let (mut wait, mut rto) = (Duration::ZERO, self.rto);
        let mut sent = 1;
        while sent < SENT_MAX && draws.unit() < self.loss {
            wait = wait + rto;
            rto = Duration(rto.0.saturating_mul(2)).min(RTO_MAX);
            sent += 1;
        }
        wait
    }

    /// When a message that has been sent again and again since `since` is sent the first time not before `now`.
    pub(crate) fn sent_again(&self, since: Time, now: Time) -> Time {
        let (mut at, mut rto) = (since, self.rto.max(Duration(1)));
        loop {
            at = at + rto;
            if at >= now {
                return at;
            }
            if rto >= RTO_MAX {
                // From here on at equal intervals.
                let missed = (now.since(at).0).div_ceil(RTO_MAX.0);
                return at + Duration(RTO_MAX.0.saturating_mul(missed));
            }
            rto = Duration(rto.0.saturating_mul(2)).min(RTO_MAX);
        }
    }

    /// How long so many bytes take to pass.
    pub(crate) fn passing(&self, bytes: u64) -> Duration {
        match self.bandwidth {
            Some(per_s) => {
                let ns = (u128::from(bytes) * 1_000_000_000).div_ceil(u128::from(per_s.max(1)));
                Duration(u64::try_from(ns).unwrap_or(u64::MAX))
            }
            None => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_message_is_sent_after_200_ms_and_then_after_twice_as_long_each_time() {
        let spec = LinkSpec::default();
        let at = |now_ms: u64| spec.sent_again(Time::ZERO, Time(now_ms * 1_000_000)).0 / 1_000_000;
        assert_eq!([1, 200, 201, 601, 1401].map(at), [200, 200, 600, 1400, 3000]);
        // 200 ms doubled nine times is 102.4 s; then every two minutes.
        let first = 200 * (1 << 10) - 200;
        assert_eq!(at(first), first);
        assert_eq!(at(first + 1), first + 120_000);
        assert_eq!(at(first + 120_001), first + 240_000);
        assert_eq!(at(first + 100 * 120_000), first + 100 * 120_000);
    }

    #[test]
    fn a_share_is_lost_and_the_shares_of_those_again() {
        let spec = LinkSpec { loss: 0.25, rto: Duration(1), ..LinkSpec::default() };
        let waits: Vec<u64> = (0..40_000).map(|i| spec.resending(&mut Draws::new(7, i)).0).collect();
        let share = |wait: u64| waits.iter().filter(|&&w| w == wait).count() as f64 / 40_000.0;
        // Three standard errors.
        assert!((share(0) - 0.75).abs() < 0.0065, "{}", share(0));
        assert!((share(1) - 0.1875).abs() < 0.0059, "{}", share(1));
        assert!((share(3) - 0.046_875).abs() < 0.0032, "{}", share(3));
        assert!(waits.iter().all(|w| (w + 1).is_power_of_two()));
    }

    #[test]
    fn bytes_take_their_time_rounded_up() {
        let spec = LinkSpec { bandwidth: Some(3), ..LinkSpec::default() };
        assert_eq!(spec.passing(1), Duration(333_333_334));
        assert_eq!(spec.passing(0), Duration::ZERO);
        assert_eq!(LinkSpec { bandwidth: Some(1), ..LinkSpec::default() }.passing(u64::MAX), Duration(u64::MAX));
        assert_eq!(LinkSpec::default().passing(u64::MAX), Duration::ZERO);
    }

    #[test]
    fn classes_are_told_apart() {
        let mut set = ClassSet::NONE;
        set.add(0);
        set.add(200);
        assert!(set.has(0) && set.has(200) && !set.has(199) && !set.has(8) && ClassSet::ALL.has(255));
    }
}
