//! Retries: when a failed call is tried again, and after what pause.

use crate::{choices, params};
use floodgate_core::rng::{Draws, Source};
use floodgate_core::{Code, CodeSet, Duration};

choices! {
    /// How the pause before retry n (n = 1, 2, …) grows, with v = min(cap, base·2ⁿ⁻¹). Source: the AWS architecture blog's
    /// back-off simulator.
    pub enum Backoff {
        /// No pause at all.
        None = "none",
        /// v: exponential without jitter; clients that failed together come back together.
        Exponential = "exponential",
        /// Uniform between 0 and v.
        FullJitter = "full_jitter",
    }
}

params! {
    /// A retry policy.
    pub struct Retry {
        /// Retries after the first attempt; 0 is none. Each layer that retries multiplies the load by up to attempts + 1.
        attempts: u32 = "0" in 0 ..= 100, live;
        /// How the pause grows from retry to retry.
        backoff: Backoff = "\"full_jitter\"", live;
        /// Pause before the first retry, before jitter.
        base: Duration = "\"100ms\"" in 0 ..= 3600, live;
        /// Longest pause, before jitter.
        cap: Duration = "\"2s\"" in 0 ..= 3600, live;
        /// Outcomes that are tried again.
        on: CodeSet = "[\"500\", \"502\", \"503\", \"504\", \"429\", \"timeout\", \"connect_timeout\"]", live;
    }
}

impl Retry {
    /// The pause before the next attempt, after attempt number `attempt` (0 is the first) ended with `code`; `None` when
    /// there is no next one. `draws` are those of the failed attempt.
    #[must_use]
    pub fn pause(&self, attempt: u32, code: Code, draws: &mut Draws) -> Option<Duration> {
        if attempt >= self.attempts || !self.on.contains(code) {
            return None;
        }
        let doubled = self.base.0.saturating_mul(1u64.checked_shl(attempt.min(63)).unwrap_or(u64::MAX));
        let value = Duration(doubled).min(self.cap);
        Some(match self.backoff {
            Backoff::None => Duration::ZERO,
            Backoff::Exponential => value,
            Backoff::FullJitter => value.scaled(draws.unit()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(backoff: Backoff) -> Retry {
        Retry {
            attempts: 5,
            backoff,
            base: Duration::from_millis(100),
            cap: Duration::from_secs(1),
            on: CodeSet::default().with(Code::Timeout),
        }
    }

    #[test]
    fn exponential_doubles_up_to_the_cap_and_ends_with_the_attempts() {
        let pauses: Vec<_> = (0..6)
            .map(|n| {
                policy(Backoff::Exponential).pause(n, Code::Timeout, &mut Draws::new(1, 1)).map(|d| d.0 / 1_000_000)
            })
            .collect();
        assert_eq!(pauses, [Some(100), Some(200), Some(400), Some(800), Some(1000), None]);
    }

    #[test]
    fn only_listed_codes_are_tried_again() {
        let p = policy(Backoff::None);
        assert_eq!(p.pause(0, Code::Timeout, &mut Draws::new(1, 1)), Some(Duration::ZERO));
        assert_eq!(p.pause(0, Code::Internal, &mut Draws::new(1, 1)), None);
    }

    #[test]
    fn full_jitter_is_uniform_below_the_exponential() {
        let p = policy(Backoff::FullJitter);
        let mut sum = 0u64;
        for lineage in 0..10_000 {
            let pause = p.pause(2, Code::Timeout, &mut Draws::new(1, lineage)).map_or(u64::MAX, |d| d.0);
            assert!(pause <= 400_000_000);
            sum += pause;
        }
        let mean = sum / 10_000;
        assert!(
            (196_000_000..204_000_000).contains(&mean),
            "mean {mean} of U(0, 400 ms), 5 standard errors are ±5.8 ms"
        );
    }
}
