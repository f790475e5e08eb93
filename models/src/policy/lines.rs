//! Waiting lines by importance: who is first, who is last, and leaving from the middle, in constant time and without
//! allocation once the largest number has been seen.

/// How many lines there are: priorities 0 (most important) to 7.
pub const LINES: usize = 8;

const NOBODY: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Neighbours {
    before: u32,
    behind: u32,
    line: u8,
}

/// Members stand in one of [`LINES`] lines each, and are named by small numbers of the owner's: a member stands in one line
/// at most.
#[derive(Clone, Debug)]
pub struct Lines {
    places: Vec<Neighbours>,
    heads: [u32; LINES],
    tails: [u32; LINES],
    len: u32,
}

impl Default for Lines {
    fn default() -> Lines {
        Lines { places: Vec::new(), heads: [NOBODY; LINES], tails: [NOBODY; LINES], len: 0 }
    }
}

impl Lines {
    /// How many stand in all lines together.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether nobody stands there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The head of the most important line that is not empty.
    #[must_use]
    pub fn first(&self) -> Option<u32> {
        self.heads.iter().copied().find(|&m| m != NOBODY)
    }

    /// The tail of the least important line that is not empty.
    #[must_use]
    pub fn last(&self) -> Option<u32> {
        self.tails.iter().rev().copied().find(|&m| m != NOBODY)
    }

    /// In which line a member stands that does.
    #[must_use]
    pub fn line_of(&self, member: u32) -> u8 {
        self.places[member as usize].line
    }

    /// `member` takes the head of `line`.
    pub fn push_front(&mut self, line: u8, member: u32) {
        let head = self.heads[line as usize];
        self.place(member, Neighbours { before: NOBODY, behind: head, line });
    }

    /// `member` takes the tail of `line`.
    pub fn push_back(&mut self, line: u8, member: u32) {
        let tail = self.tails[line as usize];
        self.place(member, Neighbours { before: tail, behind: NOBODY, line });
    }

    /// `member` leaves the line it stands in.
    pub fn remove(&mut self, member: u32) {
        let Neighbours { before, behind, line } = self.places[member as usize];
        *self.behind(before, line) = behind;
        *self.before(behind, line) = before;
        self.len -= 1;
    }

    fn place(&mut self, member: u32, neighbours: Neighbours) {
        if member as usize >= self.places.len() {
            let nowhere = Neighbours { before: NOBODY, behind: NOBODY, line: 0 };
            self.places.resize(member as usize + 1, nowhere);
        }
        self.places[member as usize] = neighbours;
        *self.behind(neighbours.before, neighbours.line) = member;
        *self.before(neighbours.behind, neighbours.line) = member;
        self.len += 1;
    }

    fn behind(&mut self, member: u32, line: u8) -> &mut u32 {
        match member {
            NOBODY => &mut self.heads[line as usize],
            member => &mut self.places[member as usize].behind,
        }
    }

    fn before(&mut self, member: u32, line: u8) -> &mut u32 {
        match member {
            NOBODY => &mut self.tails[line as usize],
            member => &mut self.places[member as usize].before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use floodgate_core::rng::Draws;

    /// Against plain vectors, on random programs.
    #[test]
    fn agrees_with_vectors() {
        let mut draws = Draws::new(1, 1);
        let mut lines = Lines::default();
        let mut model: [Vec<u32>; LINES] = Default::default();
        for step in 0..200_000u32 {
            let line = draws.below(LINES as u64) as u8;
            let there: Vec<u32> = model.iter().flatten().copied().collect();
            match draws.below(3) {
                0 if there.len() < 40 => {
                    let member = (0..64).find(|m| !there.contains(m)).expect("room");
                    lines.push_front(line, member);
                    model[line as usize].insert(0, member);
                }
                1 if there.len() < 40 => {
                    let member = (0..64).rev().find(|m| !there.contains(m)).expect("room");
                    lines.push_back(line, member);
                    model[line as usize].push(member);
                }
                _ if !there.is_empty() => {
                    let member = there[draws.below(there.len() as u64) as usize];
                    assert!(model[lines.line_of(member) as usize].contains(&member));
                    lines.remove(member);
                    model.iter_mut().for_each(|l| l.retain(|&m| m != member));
                }
                _ => {}
            }
            assert_eq!(lines.first(), model.iter().find_map(|l| l.first().copied()), "step {step}");
            assert_eq!(lines.last(), model.iter().rev().find_map(|l| l.last().copied()), "step {step}");
            assert_eq!(lines.len() as usize, model.iter().map(Vec::len).sum::<usize>());
            assert_eq!(lines.is_empty(), model.iter().all(Vec::is_empty));
        }
    }
}
