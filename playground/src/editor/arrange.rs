//! Aligning and distributing what is selected.

use floodgate::order::Order as _;

/// A card: its id, its place, its size.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Identity.
    pub id: String,
    /// Left upper corner.
    pub at: (f64, f64),
    /// Width and height.
    pub size: (f64, f64),
}

/// How to arrange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrange {
    /// Left edges on the leftmost.
    Left,
    /// Middles on one vertical line.
    Centre,
    /// Right edges on the rightmost.
    Right,
    /// Upper edges on the uppermost.
    Top,
    /// Middles on one horizontal line.
    Middle,
    /// Lower edges on the lowest.
    Bottom,
    /// The same room between neighbours, from left to right.
    Across,
    /// The same room between neighbours, from top to bottom.
    Down,
}

impl Arrange {
    /// All of them.
    pub const ALL: [Arrange; 8] = [
        Arrange::Left,
        Arrange::Centre,
        Arrange::Right,
        Arrange::Top,
        Arrange::Middle,
        Arrange::Bottom,
        Arrange::Across,
        Arrange::Down,
    ];

    /// For a button.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Arrange::Left => "Align left",
            Arrange::Centre => "Align centre",
            Arrange::Right => "Align right",
            Arrange::Top => "Align top",
            Arrange::Middle => "Align middle",
            Arrange::Bottom => "Align bottom",
            Arrange::Across => "Distribute across",
            Arrange::Down => "Distribute down",
        }
    }

    /// How many it takes to make a difference.
    #[must_use]
    pub fn at_least(self) -> usize {
        if matches!(self, Arrange::Across | Arrange::Down) { 3 } else { 2 }
    }
}

/// Where the blocks go: those that move, in the order given. The outermost ones of a distribution stay.
#[must_use]
pub fn arrange(blocks: &[Block], how: Arrange) -> Vec<(String, (f64, f64))> {
    if blocks.len() < how.at_least() {
        return Vec::new();
    }
    let along_x = matches!(how, Arrange::Left | Arrange::Centre | Arrange::Right | Arrange::Across);
    let low = |b: &Block| if along_x { b.at.0 } else { b.at.1 };
    let length = |b: &Block| if along_x { b.size.0 } else { b.size.1 };
    let first = blocks.iter().map(low).fold(f64::INFINITY, f64::min);
    let last = blocks.iter().map(|b| low(b) + length(b)).fold(f64::NEG_INFINITY, f64::max);
    let places: Vec<f64> = match how {
        Arrange::Left | Arrange::Top => vec![first; blocks.len()],
        Arrange::Centre | Arrange::Middle => {
            blocks.iter().map(|b| ((first + last - length(b)) / 2.0).round()).collect()
        }
        Arrange::Right | Arrange::Bottom => blocks.iter().map(|b| last - length(b)).collect(),
        Arrange::Across | Arrange::Down => {
            // By their middles; ties by id, so that the order of selecting means nothing.
            let mut order: Vec<usize> = (0..blocks.len()).collect();
            let middle = |i: usize| low(&blocks[i]) + length(&blocks[i]) / 2.0;
            order.order_by(|&a, &b| middle(a).total_cmp(&middle(b)).then_with(|| blocks[a].id.cmp(&blocks[b].id)));
            let (start, end) =
                (low(&blocks[order[0]]), order.last().map_or(0.0, |&i| low(&blocks[i]) + length(&blocks[i])));
            let room = (end - start - blocks.iter().map(length).sum::<f64>()) / (blocks.len() - 1) as f64;
            let mut places = vec![0.0; blocks.len()];
            let mut next = start;
            for i in order {
                places[i] = next.round();
                next += length(&blocks[i]) + room;
            }
            places
        }
    };
    let moved = |(b, place): (&Block, f64)| {
        let to = if along_x { (place, b.at.1) } else { (b.at.0, place) };
        (to != b.at).then(|| (b.id.clone(), to))
    };
    blocks.iter().zip(places).filter_map(moved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(id: &str, x: f64, y: f64, w: f64, h: f64) -> Block {
        Block { id: id.to_owned(), at: (x, y), size: (w, h) }
    }

    #[test]
    fn edges_and_middles_meet() {
        let blocks = [block("a", 0.0, 0.0, 100.0, 50.0), block("b", 300.0, 80.0, 60.0, 70.0)];
        let to = |how| arrange(&blocks, how);
        assert_eq!(to(Arrange::Left), [("b".to_owned(), (0.0, 80.0))]);
        assert_eq!(to(Arrange::Right), [("a".to_owned(), (260.0, 0.0))]);
        assert_eq!(to(Arrange::Bottom), [("a".to_owned(), (0.0, 100.0))]);
        assert_eq!(to(Arrange::Centre), [("a".to_owned(), (130.0, 0.0)), ("b".to_owned(), (150.0, 80.0))]);
        assert_eq!(to(Arrange::Across), [], "two have nothing between them");
        assert_eq!(arrange(&blocks[..1], Arrange::Left), []);
    }

    #[test]
    fn the_room_between_is_the_same() {
        let blocks = [
            block("c", 500.0, 0.0, 100.0, 10.0),
            block("a", 0.0, 7.0, 100.0, 10.0),
            block("b", 120.0, 9.0, 200.0, 10.0),
        ];
        assert_eq!(arrange(&blocks, Arrange::Across), [("b".to_owned(), (200.0, 9.0))]);
    }

    proptest! {
        #[test]
        fn arranging_twice_changes_nothing_more(
            raw in prop::collection::vec((-500..500i32, -500..500i32, 1..30i32, 1..30i32), 2..12), how in 0..6usize
        ) {
            let mut blocks: Vec<Block> = raw.iter().enumerate().map(|(i, (x, y, w, h))| {
                block(&format!("n{i}"), f64::from(*x), f64::from(*y), f64::from(w * 8), f64::from(h * 8))
            }).collect();
            for (id, to) in arrange(&blocks, Arrange::ALL[how]) {
                for block in blocks.iter_mut().filter(|b| b.id == id) { block.at = to; }
            }
            for (id, to) in arrange(&blocks, Arrange::ALL[how]) {
                let before = blocks.iter().find(|b| b.id == id).map(|b| b.at).unwrap_or_default();
                // A middle between two pixels may go to either of them.
                prop_assert!((before.0 - to.0).abs() <= 1.0 && (before.1 - to.1).abs() <= 1.0, "{id} moves again");
            }
        }
    }
}
