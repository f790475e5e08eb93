//! One run, or two side by side: the same seed, the same clock, the same things done by hand; what differs is the scenario.

use super::session::{Next, Session};
use crate::wire::{Answer, Command, Other, Reply};
use floodgate::Control;

/// A session, and the one beside it if there is one.
pub struct Lab {
    a: Session,
    b: Option<Rival>,
}

struct Rival {
    session: Session,
    other: Other,
    /// What was done on the other side and has been done here too.
    done: Vec<Control>,
}

impl Default for Lab {
    fn default() -> Lab {
        Lab { a: Session::new(), b: None }
    }
}

impl Lab {
    /// Does what is asked, and answers where there is something to answer.
    pub fn command(&mut self, command: Command) -> Vec<Reply> {
        let mut replies = Vec::new();
        match command {
            Command::Compare(Some(other)) => match self.rival(other) {
                Ok(()) => replies.extend(self.comparing()),
                Err(why) => replies.push(Reply::Refused(why)),
            },
            Command::Compare(None) => {
                self.b = None;
                replies.push(Reply::Comparing(None));
            }
            Command::Drawn => {
                replies.extend(self.a.command(Command::Drawn));
                if let Some(b) = &mut self.b {
                    b.session.command(Command::Drawn);
                }
            }
            Command::Follow(follow) => {
                replies.extend(self.a.command(Command::Follow(follow)));
                if let Some(b) = &mut self.b {
                    b.session.command(Command::Follow(follow));
                }
            }
            Command::Ask(question) => {
                replies.extend(self.a.command(Command::Ask(question)));
                let there = self.b.as_mut().map(|b| b.session.command(Command::Ask(question)));
                // The same request has the same identity on both sides.
                if let (
                    Some(Reply::Answer(Answer::Requests(Some(here)))),
                    Some(Reply::Answer(Answer::Requests(Some(there)))),
                ) = (replies.last_mut(), there.and_then(|mut there| there.pop()))
                {
                    here.other = there.journey;
                }
            }
            command => {
                let reset = matches!(command, Command::Load { .. });
                replies.extend(self.a.command(command));
                let again = self.b.as_ref().filter(|_| reset).map(|b| b.other.clone());
                if let Some(other) = again {
                    replies.extend(self.command(Command::Compare(Some(other))));
                }
            }
        }
        replies
    }

    fn comparing(&self) -> Option<Reply> {
        Some(Reply::Comparing(self.b.as_ref()?.session.loaded()))
    }

    fn rival(&mut self, other: Other) -> Result<(), String> {
        let seed = self.a.seed().ok_or("Nothing is loaded.")?;
        let mut session = Session::new();
        session.command(Command::Follow(self.a.follows()));
        for reply in session.command(load(&other, self.a.run(), seed)) {
            if let Reply::Refused(why) = reply {
                return Err(why);
            }
        }
        self.b = Some(Rival { session, other, done: Vec::new() });
        Ok(())
    }

    /// Lets time pass for at most `slice_ms` of wall time, which `clock` tells in milliseconds. Neither side runs ahead.
    pub fn turn(&mut self, clock: &dyn Fn() -> f64, slice_ms: f64) -> Next {
        let Some(b) = &mut self.b else { return self.a.turn(clock, slice_ms) };
        let half = slice_ms / 2.0;
        let next = if b.session.is_seeking() {
            // Time that the other side needs is not owed.
            self.a.hold();
            Next::Now
        } else {
            self.a.turn(clock, half)
        };
        if !self.a.is_seeking() {
            b.keep_up(&self.a);
            b.session.turn(clock, half);
        }
        if b.session.is_seeking() { Next::Now } else { next }
    }

    /// What there is to show; of two sides only what is of the same time.
    pub fn frames(&mut self) -> Vec<Reply> {
        let mut frames = Vec::new();
        if self.b.as_ref().is_some_and(|b| b.session.is_seeking()) {
            return frames;
        }
        if let Some(b) = &mut self.b {
            frames.extend(b.session.frame().map(|frame| Reply::Rival(Box::new(frame))));
        }
        frames.extend(self.a.frame().map(|frame| Reply::Frame(Box::new(frame))));
        frames
    }
}

fn load(other: &Other, run: u32, seed: u64) -> Command {
    let (text, variant) = (other.text.clone(), other.variant.clone());
    Command::Load { run, text, seed: Some(seed), running: false, variant, resume: None }
}

impl Rival {
    /// What was done on the other side is done here, and the clock is the same.
    fn keep_up(&mut self, a: &Session) {
        let wanted = a.by_hand();
        if wanted != self.done {
            let now = self.session.now_ns();
            let goes_on = wanted.starts_with(&self.done) && wanted[self.done.len()..].iter().all(|c| c.at.0 > now);
            if !goes_on {
                // Another past: from the beginning, which is short.
                self.session.command(load(&self.other, a.run(), a.seed().unwrap_or_default()));
                self.done.clear();
            }
            for control in &wanted[self.done.len()..] {
                // What is not there on this side cannot be done to it.
                self.session.repeat(control);
            }
            self.done = wanted;
        }
        self.session.keep_to(a.now_ns());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Live;
    use crate::wire::{Act, Deed, Frame, Question};
    use floodgate::Scenario;
    use std::cell::Cell;

    const PLAIN: &str = include_str!("../../../scenarios/single_server_avalanche.toml");
    const DEFENDED: &str = include_str!("../../../scenarios/single_server_defended.toml");

    fn settle(lab: &mut Lab) -> (Frame, Frame) {
        let clock = Cell::new(0.0);
        let tick = || clock.replace(clock.get() + 0.25);
        while lab.turn(&tick, 8.0) != Next::Idle {}
        lab.command(Command::Drawn);
        let mut frames = lab.frames().into_iter();
        match (frames.next(), frames.next()) {
            (Some(Reply::Rival(b)), Some(Reply::Frame(a))) => (*a, *b),
            other => panic!("two frames, not {other:?}"),
        }
    }

    fn go(lab: &mut Lab, seconds: u64) -> (Frame, Frame) {
        lab.command(Command::Seek(seconds * 1_000_000_000));
        settle(lab)
    }

    #[test]
    fn both_sides_see_the_same_traffic_at_the_same_time() {
        let mut lab = Lab::default();
        let text = PLAIN.to_owned();
        lab.command(Command::Load { run: 1, text, seed: Some(7), running: false, variant: None, resume: None });
        let defended = Other { text: DEFENDED.to_owned(), variant: None };
        let replies = lab.command(Command::Compare(Some(defended)));
        assert!(matches!(&replies[..], [Reply::Comparing(Some(loaded))] if loaded.seed == 7), "{replies:?}");
        let (mut left, mut right) = (Live::default(), Live::default());
        for seconds in [3, 35, 20] {
            let (a, b) = go(&mut lab, seconds);
            assert_eq!((a.now_ns, a.totals.born), (b.now_ns, b.totals.born));
            assert!(a.totals.born > 0);
            left.take(a);
            right.take(b);
        }
        let (a, b) = go(&mut lab, 35);
        assert!(b.totals.goodput > a.totals.goodput * 11 / 10, "{:?} {:?}", a.totals, b.totals);
        left.take(a);
        right.take(b);
        let born = |live: &Live| live.points.iter().map(|p| p.born).collect::<Vec<_>>();
        assert_eq!(born(&left), born(&right), "in every window");

        // A crowd comes to both; in the past, to both on new tracks.
        for second in [40, 12] {
            go(&mut lab, second);
            let (node, lasting) = ("users".to_owned(), Some("3s".to_owned()));
            lab.command(Command::Act(Act { id: 1, node, deed: Deed::Flood(10.0), lasting }));
            let (a, b) = go(&mut lab, second + 5);
            assert_eq!((a.now_ns, a.totals.born), (b.now_ns, b.totals.born));
        }
        // Running, neither is ahead of the other.
        lab.command(Command::Speed(5.0));
        lab.command(Command::Run);
        let clock = Cell::new(0.0);
        for _ in 0..200 {
            clock.set(clock.get() + 1.0);
            lab.turn(&|| clock.get(), 8.0);
            lab.command(Command::Drawn);
            if let [Reply::Rival(b), Reply::Frame(a)] = &lab.frames()[..] {
                assert_eq!((a.now_ns, a.totals.born), (b.now_ns, b.totals.born));
                assert!(!b.jumped || a.jumped);
            }
        }
        assert!(lab.a.now_ns() > 17_500_000_000);
        assert_eq!(lab.command(Command::Compare(None)), vec![Reply::Comparing(None)]);
        let budget = Scenario::load(PLAIN).expect("a sound scenario").variants[0].name.clone();
        let variant =
            |name: &str| Command::Compare(Some(Other { text: PLAIN.to_owned(), variant: Some(name.to_owned()) }));
        assert!(matches!(lab.command(variant(&budget))[..], [Reply::Comparing(Some(_))]));
        let (a, b) = go(&mut lab, 20);
        assert_eq!(a.totals.born, b.totals.born);
        assert_ne!(a.digest, b.digest);
        assert!(matches!(lab.command(variant("nothing"))[..], [Reply::Refused(_)]));
    }

    #[test]
    fn whoever_looks_at_a_request_sees_it_on_both_sides() {
        let mut lab = Lab::default();
        let text = PLAIN.to_owned();
        lab.command(Command::Load { run: 1, text, seed: Some(7), running: false, variant: None, resume: None });
        lab.command(Command::Follow(true));
        lab.command(Command::Compare(Some(Other { text: DEFENDED.to_owned(), variant: None })));
        go(&mut lab, 1);
        let ask = |lab: &mut Lab, which| match lab.command(Command::Ask(Question::Requests(which))).pop() {
            Some(Reply::Answer(Answer::Requests(Some(requests)))) => requests,
            other => panic!("{other:?}"),
        };
        let sample = ask(&mut lab, None).sampled[0].clone();
        let both = ask(&mut lab, Some((sample.lineage, sample.born_ns)));
        let (here, there) = (both.journey.expect("it was followed"), both.other.expect("on the other side too"));
        assert_eq!((here.request.lineage, here.request.born_ns), (there.request.lineage, there.request.born_ns));
    }
}
