//! Processor sharing: jobs that run at once and slow each other down.
//!
//! All jobs advance at one common rate, so a job ends when the work attained since the station was last idle reaches the
//! attained work at its start plus its demand. Only the earliest end needs a timer. Work is counted in `f64` nanoseconds with
//! `+ − × ÷` alone, which is the same on every target, and starts again from zero whenever the station is idle.

use crate::component::Cx;
use floodgate_core::{Duration, Time, TimerId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Jobs sharing a processor. Jobs are named by a number of the owner's.
#[derive(Clone, Debug, Default)]
pub struct Sharing {
    attained: f64,
    at: Time,
    rate: f64,
    started: u64,
    jobs: BinaryHeap<Reverse<(u64, u64, u32)>>,
    timer: Option<(TimerId, Time)>,
}

impl Sharing {
    /// Number of jobs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether no job runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Work that each job has been given since the station was last idle, in ns; the difference of two readings is what a
    /// job got in between.
    #[must_use]
    pub fn attained(&self, now: Time) -> f64 {
        if self.jobs.is_empty() { 0.0 } else { self.attained + now.since(self.at).0 as f64 * self.rate }
    }

    fn catch_up(&mut self, now: Time) {
        self.attained = self.attained(now);
        self.at = now;
    }

    /// Starts `job` with `demand`; call [`Sharing::arm`] afterwards.
    pub fn start(&mut self, now: Time, job: u32, demand: Duration) {
        self.catch_up(now);
        self.started += 1;
        // The bits of a non-negative float order as the float does.
        let finish = (self.attained + demand.0 as f64).to_bits();
        self.jobs.push(Reverse((finish, self.started, job)));
    }

    /// A job that has ended by now, if there is one; call [`Sharing::arm`] after the last.
    pub fn finished(&mut self, now: Time) -> Option<u32> {
        self.catch_up(now);
        let Reverse((finish, _, job)) = *self.jobs.peek()?;
        // The timer stands at the first whole nanosecond by which the job is done; rounding may leave a trifle.
        if f64::from_bits(finish) > self.attained + 0.5 * self.rate {
            return None;
        }
        self.jobs.pop();
        Some(job)
    }

    /// The jobs, each with the work that it still needs.
    pub fn left(&self, now: Time) -> impl Iterator<Item = (u32, Duration)> {
        let attained = self.attained(now);
        let left = move |finish: u64| Duration((f64::from_bits(finish) - attained).max(0.0) as u64);
        self.jobs.iter().map(move |&Reverse((finish, _, job))| (job, left(finish)))
    }

    /// Forgets all jobs.
    pub fn clear(&mut self, cx: &mut Cx<'_>) {
        self.jobs.clear();
        if let Some((timer, _)) = self.timer.take() {
            cx.cancel(timer);
        }
    }

    /// From now on each job runs at `rate` (1 is full speed, above 0); sets the timer for the next end with `tag`.
    pub fn arm(&mut self, rate: f64, tag: u64, cx: &mut Cx<'_>) {
        let now = cx.now();
        self.catch_up(now);
        self.rate = rate;
        let due = self.jobs.peek().map(|Reverse((finish, _, _))| {
            let left = (f64::from_bits(*finish) - self.attained).max(0.0) / rate;
            now + Duration(left.ceil() as u64)
        });
        match (due, self.timer) {
            (Some(due), Some((_, set))) if set == due => {}
            (Some(due), set) => {
                if let Some((timer, _)) = set {
                    cx.cancel(timer);
                }
                self.timer = Some((cx.timer(due.since(now), tag), due));
            }
            (None, Some((timer, _))) => {
                cx.cancel(timer);
                self.timer = None;
            }
            (None, None) => {}
        }
    }

    /// The timer has come up.
    pub fn timer_fired(&mut self) {
        self.timer = None;
    }
}
