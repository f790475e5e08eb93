//! Earliest deadline first: weighted turns as Envoy takes them (`edf_scheduler.h`). Each pick goes to the earliest deadline,
//! and the server chosen comes up again after 1 / weight, with the weight that it has at that moment.

/// The turns of servers known by their positions.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Edf {
    now: f64,
    orders: u64,
    /// Deadline and the order of entry, which decides among equal deadlines; none until a server has been seen.
    entries: Vec<Option<(f64, u64)>>,
}

impl Edf {
    /// The next of `candidates`, which have a positive `weight` now.
    pub fn pick(&mut self, candidates: &[u32], weight: impl Fn(u32) -> f64) -> Option<u32> {
        let mut best: Option<((f64, u64), u32)> = None;
        for &server in candidates {
            let due = self.due(server, &weight);
            if best.is_none_or(|(least, _)| due < least) {
                best = Some((due, server));
            }
        }
        let ((deadline, _), server) = best?;
        self.now = deadline;
        self.enter(server, &weight);
        Some(server)
    }

    fn due(&mut self, server: u32, weight: &impl Fn(u32) -> f64) -> (f64, u64) {
        match self.entries.get(server as usize).copied().flatten() {
            // Whoever was away while time went on is not owed all the turns it missed.
            Some((deadline, order)) if deadline >= self.now => (deadline, order),
            _ => self.enter(server, weight),
        }
    }

    fn enter(&mut self, server: u32, weight: &impl Fn(u32) -> f64) -> (f64, u64) {
        let entry = (self.now + 1.0 / weight(server).max(f64::MIN_POSITIVE), self.orders);
        self.orders += 1;
        let place = server as usize;
        if self.entries.len() <= place {
            self.entries.resize(place + 1, None);
        }
        self.entries[place] = Some(entry);
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_follow_weights() {
        let weights = [1.0, 3.0, 2.0];
        let mut edf = Edf::default();
        let picks: Vec<_> = (0..600).filter_map(|_| edf.pick(&[0, 1, 2], |i| weights[i as usize])).collect();
        let count = |server| picks.iter().filter(|&&p| p == server).count();
        assert_eq!((count(0), count(1), count(2)), (100, 300, 200));
        assert_eq!(edf.pick(&[], |_| 1.0), None);
    }

    /// Envoy's example: of weight 2 and with 4 active requests, a server counts as 2/5.
    #[test]
    fn the_weight_is_that_of_the_moment() {
        let mut edf = Edf::default();
        let weight = |server: u32| if server == 0 { 2.0 / 5.0 } else { 2.0 };
        let picks: Vec<_> = (0..60).filter_map(|_| edf.pick(&[0, 1], weight)).collect();
        assert_eq!(picks.iter().filter(|&&p| p == 0).count(), 10);
    }

    #[test]
    fn who_was_away_is_owed_nothing() {
        let mut edf = Edf::default();
        (0..10).for_each(|_| _ = edf.pick(&[0, 1], |_| 1.0));
        (0..100).for_each(|_| _ = edf.pick(&[0], |_| 1.0));
        let picks: Vec<_> = (0..4).filter_map(|_| edf.pick(&[0, 1], |_| 1.0)).collect();
        assert!(picks.iter().filter(|&&p| p == 1).count() == 2, "{picks:?}");
    }
}
