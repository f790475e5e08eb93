//! Where things are on the canvas: sizes of cards, places of ports, paths of links, layout of what nobody has placed.

use crate::editor::outline::{LinkSketch, NodeSketch, Outline};
use floodgate::catalogue::Look;
use std::collections::BTreeMap;

/// Places snap to this.
pub const GRID: f64 = 16.0;
/// Replicas drawn one by one; beyond it they are summed up.
pub const REPLICAS_SHOWN: usize = 4;
/// Half the distance between the call lane and the return lane.
pub const LANE: f64 = 5.0;

const HEAD: f64 = 46.0;
const FOOT: f64 = 30.0;
/// Height of one replica within a card.
pub const REPLICA: f64 = 72.0;
/// Ports sit at this height, so that cards of different heights are linked by straight lines.
const PORT_Y: f64 = HEAD + 27.0;
const PORT_STEP: f64 = 28.0;

/// Width and height of a card.
#[must_use]
pub fn size(node: &NodeSketch) -> (f64, f64) {
    let replicas = |n: usize| HEAD + REPLICA * n as f64 + FOOT;
    match node.descriptor.map(|d| d.look) {
        Some(Look::Source) => (168.0, replicas(1)),
        Some(Look::Servers) => {
            let count = node.value("replicas").and_then(|r| r.parse::<usize>().ok()).unwrap_or(1);
            (208.0, replicas(count.clamp(1, REPLICAS_SHOWN)))
        }
        Some(Look::Store | Look::Cache | Look::Queue) => (208.0, replicas(1)),
        Some(Look::Controller) => (176.0, replicas(1)),
        // Small: they stand between two others.
        Some(Look::Breaker | Look::Limiter) => (144.0, replicas(1)),
        Some(Look::Switch) | None => (176.0, replicas(1)),
    }
}

/// Snapped to the grid.
#[must_use]
pub fn snap((x, y): (f64, f64)) -> (f64, f64) {
    ((x / GRID).round() * GRID, (y / GRID).round() * GRID)
}

/// A point.
pub type Point = (f64, f64);

/// A cubic curve from a port to a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve(pub Point, pub Point, pub Point, pub Point);

impl Curve {
    /// Leaves to the right, arrives from the left.
    #[must_use]
    pub fn between(from: Point, to: Point) -> Curve {
        let reach = ((to.0 - from.0).abs() * 0.5).clamp(40.0, 220.0);
        Curve(from, (from.0 + reach, from.1), (to.0 - reach, to.1), to)
    }

    /// The point at `t` of the way, `side` to the right of the direction of travel.
    #[must_use]
    pub fn at(&self, t: f64, side: f64) -> Point {
        let Curve(a, b, c, d) = *self;
        let u = 1.0 - t;
        let mix =
            |a: f64, b: f64, c: f64, d: f64| u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d;
        let slope = |a: f64, b: f64, c: f64, d: f64| u * u * (b - a) + 2.0 * u * t * (c - b) + t * t * (d - c);
        let (x, y) = (mix(a.0, b.0, c.0, d.0), mix(a.1, b.1, c.1, d.1));
        let (dx, dy) = (slope(a.0, b.0, c.0, d.0), slope(a.1, b.1, c.1, d.1));
        let length = (dx * dx + dy * dy).sqrt();
        if length == 0.0 {
            return (x, y);
        }
        (x - dy / length * side, y + dx / length * side)
    }

    /// As an SVG path.
    #[must_use]
    pub fn path(&self) -> String {
        let Curve(a, b, c, d) = *self;
        format!("M{:.1} {:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}", a.0, a.1, b.0, b.1, c.0, c.1, d.0, d.1)
    }
}

/// Where the calls of a node arrive.
#[must_use]
pub fn inlet((x, y): Point) -> Point {
    (x, y + PORT_Y)
}

/// Where the calls of a port leave.
#[must_use]
pub fn outlet(node: &NodeSketch, (x, y): Point, port: usize) -> Point {
    (x + size(node).0, y + PORT_Y + PORT_STEP * port as f64)
}

/// The curve of a link, where both its ends are known.
#[must_use]
pub fn curve(outline: &Outline, places: &Places, link: &LinkSketch) -> Option<Curve> {
    let (from, to) = (outline.node(&link.from)?, outline.node(&link.to)?);
    Some(Curve::between(outlet(from, places.of(from), link.port), inlet(places.of(to))))
}

/// Where every node is: as the text says, or where it was, or where the layout puts it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Places(BTreeMap<String, Point>);

impl Places {
    /// The place of a node.
    #[must_use]
    pub fn of(&self, node: &NodeSketch) -> Point {
        self.0.get(&node.id).copied().unwrap_or_default()
    }

    /// After an edit: places in the text hold, nodes without one stay where they were, new ones are laid out.
    #[must_use]
    pub fn updated(&self, outline: &Outline) -> Places {
        let laid = layout(outline);
        let place =
            |n: &NodeSketch| n.position.or_else(|| self.0.get(&n.id).copied()).or_else(|| laid.get(&n.id).copied());
        Places(floodgate::order::map(outline.nodes.iter().filter_map(|n| Some((n.id.clone(), place(n)?)))))
    }

    /// The same with one node elsewhere: a drag that is not over.
    #[must_use]
    pub fn with(&self, id: &str, at: Point) -> Places {
        let mut moved = self.clone();
        moved.0.insert(id.to_owned(), at);
        moved
    }

    /// The rectangle around all cards: left, top, right, bottom.
    #[must_use]
    pub fn bounds(&self, outline: &Outline) -> Option<(f64, f64, f64, f64)> {
        outline.nodes.iter().fold(None, |sum, node| {
            let ((x, y), (w, h)) = (self.of(node), size(node));
            let (l, t, r, b) = sum.unwrap_or((x, y, x, y));
            Some((l.min(x), t.min(y), r.max(x + w), b.max(y + h)))
        })
    }
}

/// Columns by the length of the longest way from a source (cycles are cut where they close), rows in the order of the text.
fn layout(outline: &Outline) -> BTreeMap<String, Point> {
    let mut column: BTreeMap<&str, usize> = BTreeMap::new();
    let order = order(outline);
    for (i, id) in order.iter().enumerate() {
        let before = &order[..i];
        let callers = outline.links.iter().filter(|l| l.to == *id && before.contains(&l.from.as_str()));
        let after = callers.filter_map(|l| column.get(l.from.as_str())).max().map_or(0, |c| c + 1);
        column.insert(id, after);
    }
    let mut columns: BTreeMap<usize, Vec<&NodeSketch>> = BTreeMap::new();
    for node in &outline.nodes {
        columns.entry(column.get(node.id.as_str()).copied().unwrap_or(0)).or_default().push(node);
    }
    let mut places = BTreeMap::new();
    let mut x = 0.0;
    for nodes in columns.values() {
        let total: f64 = nodes.iter().map(|n| size(n).1 + 32.0).sum::<f64>() - 32.0;
        let mut y = -total / 2.0;
        let mut widest: f64 = 0.0;
        for node in nodes {
            places.insert(node.id.clone(), (x, y.round()));
            let (width, height) = size(node);
            y += height + 32.0;
            widest = widest.max(width);
        }
        x += widest + 128.0;
    }
    places
}

/// Callers before callees, as far as there is no cycle: the reverse of the order in which a walk in depth leaves the nodes.
fn order(outline: &Outline) -> Vec<&str> {
    let mut left: Vec<&str> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for node in outline.nodes.iter().rev() {
        let mut path: Vec<(&str, usize)> = Vec::new();
        if !seen.contains(&node.id.as_str()) {
            seen.push(&node.id);
            path.push((&node.id, 0));
        }
        while let Some((id, next)) = path.last_mut() {
            let here = *id;
            let callee = outline.links.iter().filter(|l| l.from == here).nth(*next).map(|l| l.to.as_str());
            *next += 1;
            match callee {
                Some(callee) if outline.node(callee).is_some() && !seen.contains(&callee) => {
                    seen.push(callee);
                    path.push((callee, 0));
                }
                Some(_) => {}
                None => {
                    left.push(here);
                    path.pop();
                }
            }
        }
    }
    left.reverse();
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[[node]]\nid = 'c'\nkind = 'clients'\n[[node]]\nid = 's'\nkind = 'service'\n[[node]]\nid = 'd'\nkind = 'database'\n\
                        [[link]]\nfrom = 'c'\nto = 's'\n[[link]]\nfrom = 's'\nto = 'd'\n[[link]]\nfrom = 's.calls'\nto = 's'\n";

    #[test]
    fn layers_follow_the_links_and_cycles_do_not_hang() {
        let outline = Outline::read(TEXT);
        let places = Places::default().updated(&outline);
        let x = |id: &str| outline.node(id).map(|n| places.of(n).0);
        assert!(x("c") < x("s") && x("s") < x("d"));
    }

    #[test]
    fn what_is_placed_stays_when_something_is_added() {
        let outline = Outline::read(TEXT);
        let places = Places::default().updated(&outline);
        let more = Outline::read(&format!(
            "{TEXT}[[node]]\nid = 'new'\nkind = 'service'\nposition = [5, 6]\n[[link]]\nfrom='c'\nto='new'\n"
        ));
        let after = places.updated(&more);
        for node in &outline.nodes {
            assert_eq!(places.of(node), after.of(node));
        }
        assert_eq!(more.node("new").map(|n| after.of(n)), Some((5.0, 6.0)));
    }

    #[test]
    fn curves_start_and_end_where_they_should() {
        let curve = Curve::between((0.0, 0.0), (100.0, 50.0));
        assert_eq!(curve.at(0.0, 0.0), (0.0, 0.0));
        assert_eq!(curve.at(1.0, 0.0), (100.0, 50.0));
        assert_eq!(curve.at(0.0, 5.0), (0.0, 5.0));
    }
}
