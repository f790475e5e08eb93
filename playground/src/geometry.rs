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
        Some(Look::Servers) => (208.0, replicas(replicas_with_room(node))),
        Some(Look::Store | Look::Cache | Look::Queue) => (208.0, replicas(1)),
        Some(Look::Controller) => (176.0, replicas(1)),
        // Small: they stand between two others.
        Some(Look::Breaker | Look::Limiter) => (144.0, replicas(1)),
        // Two drawings have room: whom it may choose among, and what else there is to say.
        Some(Look::Switch) => (176.0, replicas(1) + 24.0),
        None => (176.0, replicas(1)),
    }
}

/// Replicas that a card shows one by one: as many as the text says, within reason. Those that come later share the last place.
#[must_use]
pub fn replicas_with_room(node: &NodeSketch) -> usize {
    node.value("replicas").and_then(|r| r.parse::<usize>().ok()).unwrap_or(1).clamp(1, REPLICAS_SHOWN)
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

    /// The same curve elsewhere, larger or smaller.
    #[must_use]
    pub fn map(&self, to: impl Fn(Point) -> Point) -> Curve {
        Curve(to(self.0), to(self.1), to(self.2), to(self.3))
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
        let laid = crate::editor::layout::all(outline, size);
        let place =
            |n: &NodeSketch| n.position.or_else(|| self.0.get(&n.id).copied()).or_else(|| laid.get(&n.id).copied());
        Places(floodgate::order::map(outline.nodes.iter().filter_map(|n| Some((n.id.clone(), place(n)?)))))
    }

    /// The same with some nodes elsewhere: a drag that is not over.
    #[must_use]
    pub fn with(&self, to: &[(String, Point)]) -> Places {
        let mut moved = self.clone();
        moved.0.extend(to.iter().cloned());
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

/// Room between a frame and the cards in it, and the height of its heading.
pub const FRAME: (f64, f64) = (20.0, 30.0);

/// The frame around the nodes of a group: left, top, right, bottom. None when it has no nodes.
#[must_use]
pub fn frame(outline: &Outline, places: &Places, group: &str) -> Option<(f64, f64, f64, f64)> {
    let around =
        outline.members(group).map(|node| (places.of(node), size(node))).fold(None, |sum, ((x, y), (w, h))| {
            let (l, t, r, b) = sum.unwrap_or((x, y, x, y));
            Some((f64::min(l, x), f64::min(t, y), f64::max(r, x + w), f64::max(b, y + h)))
        });
    let (pad, head) = FRAME;
    around.map(|(l, t, r, b)| (l - pad, t - pad - head, r + pad, b + pad))
}

/// Points of a curve that are looked at to find out how near it is.
const CURVE_POINTS: usize = 24;

/// The link nearest to a point, among those not farther than `reach`.
#[must_use]
pub fn link_near(outline: &Outline, places: &Places, at: Point, reach: f64) -> Option<usize> {
    let distance = |link: &LinkSketch| {
        let curve = curve(outline, places, link)?;
        let points = (0..=CURVE_POINTS).map(|i| curve.at(i as f64 / CURVE_POINTS as f64, 0.0));
        let corners: Vec<Point> = points.collect();
        let near = corners.windows(2).map(|ends| to_segment(at, ends[0], ends[1])).fold(f64::INFINITY, f64::min);
        (near <= reach).then_some(near)
    };
    let near = outline.links.iter().enumerate().filter_map(|(i, link)| Some((i, distance(link)?)));
    near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
}

fn to_segment(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let t = if length > 0.0 { (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (p.0 - a.0 - t * dx).hypot(p.1 - a.1 - t * dy)
}

/// The node that a wire let go at a point is meant for: the one whose inlet is nearest, among those not farther than `reach`,
/// or else the one whose card it is on.
#[must_use]
pub fn node_near<'o>(outline: &'o Outline, places: &Places, at: Point, reach: f64) -> Option<&'o NodeSketch> {
    let to_inlet = |node: &NodeSketch| {
        let (x, y) = inlet(places.of(node));
        (at.0 - x).hypot(at.1 - y)
    };
    let near = outline.nodes.iter().map(|n| (n, to_inlet(n))).filter(|(_, d)| *d <= reach);
    near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(n, _)| n).or_else(|| {
        let on = |n: &&NodeSketch| {
            let ((x, y), (w, h)) = (places.of(n), size(n));
            x <= at.0 && at.0 <= x + w && y <= at.1 && at.1 <= y + h
        };
        outline.nodes.iter().rev().find(on)
    })
}

/// The nodes whose cards touch a rectangle with these corners.
#[must_use]
pub fn nodes_within(outline: &Outline, places: &Places, a: Point, b: Point) -> Vec<String> {
    let (left, right) = (a.0.min(b.0), a.0.max(b.0));
    let (top, bottom) = (a.1.min(b.1), a.1.max(b.1));
    let touched = |n: &&NodeSketch| {
        let ((x, y), (w, h)) = (places.of(n), size(n));
        x < right && left < x + w && y < bottom && top < y + h
    };
    outline.nodes.iter().filter(touched).map(|n| n.id.clone()).collect()
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
    fn what_is_near_is_found() {
        let outline = Outline::read(
            "[[group]]\nid = 'g'\nkind = 'zone'\n[[node]]\nid = 'c'\nkind = 'clients'\nposition = [0, 0]\n\
             [[node]]\nid = 's'\nkind = 'service'\nposition = [400, 0]\ngroup = 'g'\n[[link]]\nfrom = 'c'\nto = 's'\n",
        );
        let places = Places::default().updated(&outline);
        assert_eq!(link_near(&outline, &places, (280.0, PORT_Y + 15.0), 20.0), Some(0));
        assert_eq!(link_near(&outline, &places, (280.0, PORT_Y + 25.0), 20.0), None);
        let node = |at| node_near(&outline, &places, at, 20.0).map(|n| n.id.as_str());
        assert_eq!(node((385.0, PORT_Y)), Some("s"), "the magnet");
        assert_eq!(node((375.0, PORT_Y)), None);
        assert_eq!(node((10.0, 10.0)), Some("c"), "the card");
        assert_eq!(nodes_within(&outline, &places, (300.0, 300.0), (450.0, -10.0)), ["s"]);
        let (w, h) = outline.node("s").map(size).unwrap_or_default();
        assert_eq!(frame(&outline, &places, "g"), Some((380.0, -50.0, 420.0 + w, 20.0 + h)));
        assert_eq!(frame(&outline, &places, "other"), None);
    }

    #[test]
    fn curves_start_and_end_where_they_should() {
        let curve = Curve::between((0.0, 0.0), (100.0, 50.0));
        assert_eq!(curve.at(0.0, 0.0), (0.0, 0.0));
        assert_eq!(curve.at(1.0, 0.0), (100.0, 50.0));
        assert_eq!(curve.at(0.0, 5.0), (0.0, 5.0));
    }
}
