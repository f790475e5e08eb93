//! Automatic layout: layers from left to right by who calls whom, the same picture for the same scenario.

use super::Outline;
use super::outline::NodeSketch;
use floodgate::order::Order as _;
use std::collections::{BTreeMap, BTreeSet};

/// A point.
type Point = (f64, f64);

/// Room between layers.
const GAP_X: f64 = 128.0;
/// Room between cards of a layer.
const GAP_Y: f64 = 48.0;
/// How often the order within layers, and then the heights, are improved.
const SWEEPS: usize = 6;

/// The graph by positions in the outline.
struct Graph {
    callees: Vec<Vec<usize>>,
    callers: Vec<Vec<usize>>,
}

impl Graph {
    fn of(outline: &Outline) -> Graph {
        let index: BTreeMap<&str, usize> =
            floodgate::order::map(outline.nodes.iter().enumerate().map(|(i, n)| (n.id.as_str(), i)));
        let none = vec![Vec::new(); outline.nodes.len()];
        let mut graph = Graph { callees: none.clone(), callers: none };
        for link in &outline.links {
            if let (Some(&from), Some(&to)) = (index.get(link.from.as_str()), index.get(link.to.as_str())) {
                graph.callees[from].push(to);
                graph.callers[to].push(from);
            }
        }
        graph
    }

    /// Callers before callees, as far as there is no cycle: the reverse of the order in which a walk in depth leaves the
    /// nodes. It begins where nobody calls, so that a cycle is cut where it leads back.
    fn order(&self) -> Vec<usize> {
        let mut left = Vec::new();
        let mut seen = vec![false; self.callees.len()];
        let (sources, others): (Vec<usize>, Vec<usize>) =
            (0..seen.len()).rev().partition(|&node| self.callers[node].is_empty());
        for start in sources.into_iter().chain(others) {
            let mut path = Vec::new();
            if !std::mem::replace(&mut seen[start], true) {
                path.push((start, 0));
            }
            while let Some((node, next)) = path.last_mut() {
                let here = *node;
                let callee = self.callees[here].get(*next).copied();
                *next += 1;
                match callee {
                    Some(callee) if !std::mem::replace(&mut seen[callee], true) => path.push((callee, 0)),
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

    /// The layer of each node: the length of the longest way to it; cycles are cut where they close.
    fn layers(&self) -> Vec<usize> {
        let mut layer = vec![0; self.callees.len()];
        let mut done = vec![false; self.callees.len()];
        for node in self.order() {
            let before = self.callers[node].iter().filter(|&&caller| done[caller]).map(|&caller| layer[caller] + 1);
            layer[node] = before.max().unwrap_or(0);
            done[node] = true;
        }
        layer
    }
}

/// Where every node would stand if nothing had a place yet. `size` is that of a card.
#[must_use]
pub fn all(outline: &Outline, size: impl Fn(&NodeSketch) -> Point) -> BTreeMap<String, Point> {
    let graph = Graph::of(outline);
    let sizes: Vec<Point> = outline.nodes.iter().map(size).collect();
    let mut layers: Vec<Vec<usize>> = Vec::new();
    for (node, layer) in graph.layers().into_iter().enumerate() {
        if layers.len() <= layer {
            layers.resize(layer + 1, Vec::new());
        }
        layers[layer].push(node);
    }
    let mut y: Vec<f64> = vec![0.0; sizes.len()];
    for layer in &layers {
        stack(layer, &sizes, &mut y);
    }
    for sweep in 0..SWEEPS {
        let forth = sweep % 2 == 0;
        let order: Vec<usize> = if forth { (0..layers.len()).collect() } else { (0..layers.len()).rev().collect() };
        for l in order {
            let near = |node: usize| if forth { &graph.callers[node] } else { &graph.callees[node] };
            settle(&mut layers[l], &sizes, &mut y, near);
        }
    }
    let mut places = BTreeMap::new();
    let mut x = 0.0;
    for layer in &layers {
        for &node in layer {
            places.insert(outline.nodes[node].id.clone(), (x, y[node].round()));
        }
        let widest = layer.iter().map(|&node| sizes[node].0).fold(0.0, f64::max);
        x += widest + GAP_X;
    }
    places
}

/// One below the other, around 0.
fn stack(layer: &[usize], sizes: &[Point], y: &mut [f64]) {
    let total: f64 = layer.iter().map(|&n| sizes[n].1 + GAP_Y).sum::<f64>() - GAP_Y;
    let mut top = -total / 2.0;
    for &node in layer {
        y[node] = top;
        top += sizes[node].1 + GAP_Y;
    }
}

/// Brings each node of a layer to the middle of those it is linked to on one side, and keeps them apart.
fn settle<'g>(layer: &mut [usize], sizes: &[Point], y: &mut [f64], near: impl Fn(usize) -> &'g Vec<usize>) {
    let middle = |node: usize, y: &[f64]| y[node] + sizes[node].1 / 2.0;
    let mut wanted: BTreeMap<usize, f64> = BTreeMap::new();
    for &node in layer.iter() {
        let others = near(node);
        let sum: f64 = others.iter().map(|&other| middle(other, y)).sum();
        wanted.insert(node, if others.is_empty() { middle(node, y) } else { sum / others.len() as f64 });
    }
    let want = |node: usize| wanted.get(&node).copied().unwrap_or_default();
    // Ties stay in the order they are in, which began as that of the text.
    layer.order_by(|&a, &b| want(a).total_cmp(&want(b)));
    // Downwards as near as there is room, and then the whole column to where its middle ought to be.
    let mut top = f64::NEG_INFINITY;
    for &node in layer.iter() {
        y[node] = (want(node) - sizes[node].1 / 2.0).max(top);
        top = y[node] + sizes[node].1 + GAP_Y;
    }
    let off: f64 = layer.iter().map(|&n| middle(n, y) - want(n)).sum::<f64>() / layer.len().max(1) as f64;
    for &node in layer.iter() {
        y[node] -= off;
    }
}

/// Where the nodes in `movable` go: as the layout of the whole has them, beside what stays, on the grid, and on top of
/// nothing. `place` is where a node is now.
#[must_use]
pub fn some(
    outline: &Outline,
    movable: &BTreeSet<String>,
    size: impl Fn(&NodeSketch) -> Point,
    place: impl Fn(&NodeSketch) -> Point,
    grid: f64,
) -> Vec<(String, Point)> {
    let laid = all(outline, &size);
    let laid_at = |node: &NodeSketch| laid.get(&node.id).copied().unwrap_or_default();
    let (moving, staying): (Vec<&NodeSketch>, Vec<&NodeSketch>) =
        outline.nodes.iter().partition(|n| movable.contains(&n.id));
    // The picture is shifted to where what stays is; if nothing stays, to where the picture was.
    let reference = if staying.is_empty() { &moving } else { &staying };
    let count = reference.len().max(1) as f64;
    let mean = |f: &dyn Fn(&NodeSketch) -> Point| {
        let sum = reference.iter().fold((0.0, 0.0), |sum, n| (sum.0 + f(n).0, sum.1 + f(n).1));
        (sum.0 / count, sum.1 / count)
    };
    let (was, is) = (mean(&place), mean(&laid_at));
    let snap = |v: f64| (v / grid).round() * grid;
    let mut taken: Vec<(Point, Point)> = staying.iter().map(|n| (place(n), size(n))).collect();
    let mut moved = Vec::new();
    for node in moving {
        let at = laid_at(node);
        let mut at = (snap(at.0 + was.0 - is.0), snap(at.1 + was.1 - is.1));
        let (w, h) = size(node);
        // Downwards until it is free: every step leaves one card behind, so it ends.
        while let Some((p, s)) = taken.iter().find(|(p, s)| {
            at.0 < p.0 + s.0 && p.0 < at.0 + w && at.1 < p.1 + s.1 + GAP_Y / 2.0 && p.1 < at.1 + h + GAP_Y / 2.0
        }) {
            at.1 = ((p.1 + s.1 + GAP_Y / 2.0) / grid).ceil() * grid;
        }
        taken.push((at, (w, h)));
        if at != place(node) || node.position.is_none() {
            moved.push((node.id.clone(), at));
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::size;
    use proptest::prelude::*;

    fn text(links: &[(usize, usize)], nodes: usize) -> String {
        let mut text = String::new();
        for i in 0..nodes {
            text.push_str(&format!("[[node]]\nid = 'n{i}'\nkind = 'service'\n"));
        }
        for (a, b) in links {
            text.push_str(&format!("[[link]]\nfrom = 'n{a}'\nto = 'n{b}'\n"));
        }
        text
    }

    fn apart(places: &[(Point, Point)]) -> bool {
        let overlap = |(p, s): &(Point, Point), (q, t): &(Point, Point)| {
            p.0 < q.0 + t.0 && q.0 < p.0 + s.0 && p.1 < q.1 + t.1 && q.1 < p.1 + s.1
        };
        places.iter().enumerate().all(|(i, a)| places[..i].iter().all(|b| !overlap(a, b)))
    }

    #[test]
    fn layers_follow_the_links() {
        let outline = Outline::read(&text(&[(0, 1), (1, 2), (0, 2), (2, 1)], 4));
        let places = all(&outline, size);
        let x = |id: &str| places.get(id).map(|p| p.0).unwrap_or_default();
        assert!(x("n0") < x("n1") && x("n1") < x("n2"), "{places:?}");
        assert_eq!(x("n3"), 0.0);
    }

    #[test]
    fn lines_that_need_not_cross_do_not() {
        let outline = Outline::read(&text(&[(0, 3), (1, 2)], 4));
        let places = all(&outline, size);
        let y = |id: &str| places.get(id).map(|p| p.1).unwrap_or_default();
        assert_eq!(y("n0") < y("n1"), y("n3") < y("n2"), "{places:?}");
    }

    proptest! {
        #[test]
        fn nothing_overlaps_what_stays_stays_and_twice_is_the_same(
            links in prop::collection::vec((0..14usize, 0..14usize), 0..40), movable in prop::collection::btree_set(0..14usize, 0..14)
        ) {
            let outline = Outline::read(&text(&links, 14));
            let places = all(&outline, size);
            let blocks: Vec<_> = outline.nodes.iter().map(|n| (places[&n.id], size(n))).collect();
            prop_assert!(apart(&blocks), "{places:?}");
            let movable: BTreeSet<String> = movable.into_iter().map(|i| format!("n{i}")).collect();
            let old = |n: &NodeSketch| { let p = places[&n.id]; (p.0 * 2.0, p.1 * 2.0) };
            let moved = some(&outline, &movable, size, old, 16.0);
            prop_assert!(moved.iter().all(|(id, at)| movable.contains(id) && at.0 % 16.0 == 0.0 && at.1 % 16.0 == 0.0));
            let now = |n: &NodeSketch| moved.iter().find(|(id, _)| *id == n.id).map_or_else(|| old(n), |m| m.1);
            let blocks: Vec<_> = outline.nodes.iter().map(|n| (now(n), size(n))).collect();
            prop_assert!(apart(&blocks), "{blocks:?}");
            prop_assert_eq!(some(&outline, &movable, size, old, 16.0), moved, "the same again");
        }
    }
}
