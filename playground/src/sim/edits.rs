//! From one scenario to another while it runs: the controls that make the system the other one, and what only a reset can.

use floodgate::param::{ParamKind, ParamSpec, Value, Values};
use floodgate::scenario::{LINK, Link, Node};
use floodgate::{Action, Scenario};

/// The way from one scenario to another.
#[derive(Debug)]
pub struct Difference {
    /// What is done to which node, in this order.
    pub actions: Vec<(String, Action)>,
    /// What waits for a reset, in words; empty when nothing does.
    pub waits: Vec<String>,
    /// The scenario that the system is after the actions.
    pub reached: Scenario,
}

/// How a running system that is as `before` says becomes what `after` says.
#[must_use]
pub fn difference(before: &Scenario, after: &Scenario) -> Difference {
    let mut found = Difference { actions: Vec::new(), waits: Vec::new(), reached: after.clone() };
    let kept = |node: &Node| after.node(&node.id).is_some_and(|n| n.descriptor.kind == node.descriptor.kind);
    let is_new = |id: &str| before.node(id).is_none_or(|n| !kept(n));
    for node in before.nodes.iter().filter(|n| !kept(n)) {
        found.actions.push((node.id.clone(), Action::RemoveNode));
    }
    // Both ends are there before and after; with a node its links go by themselves.
    let stays = |l: &Link| !is_new(&l.from) && !is_new(&l.to);
    // What differs in nothing but live parameters is the same link, changed.
    let same = |a: &Link, b: &Link| {
        let ends = |l: &Link| (l.from.clone(), l.port, l.to.clone());
        ends(a) == ends(b) && Changed::of(LINK, &a.values, &b.values).kept.is_empty()
    };
    let ends_stay = |l: &Link| {
        let there = |id: &str| before.node(id).is_some_and(kept);
        there(&l.from) && there(&l.to)
    };
    for link in before.links.iter().filter(|l| ends_stay(l) && !after.links.iter().any(|m| same(l, m))) {
        found.actions.push((link.from.clone(), Action::Unlink { port: link.port, to: link.to.clone() }));
    }
    for node in after.nodes.iter().filter(|n| is_new(&n.id)) {
        let (descriptor, values, title) = (node.descriptor, node.values.clone(), node.title.clone());
        found.actions.push((node.id.clone(), Action::AddNode { descriptor, values, title }));
    }
    for node in &mut found.reached.nodes {
        let Some(old) = before.node(&node.id).filter(|_| !is_new(&node.id)) else { continue };
        let changed = Changed::of(node.descriptor.params, &old.values, &node.values);
        for (path, value) in &changed.kept {
            node.values.set_path(path, value.clone());
            found.waits.push(format!("{path} of {}", node.title));
        }
        if !changed.sets.is_empty() {
            found.actions.push((node.id.clone(), Action::Set(changed.sets)));
        }
    }
    for link in after.links.iter().filter(|l| stays(l)) {
        let Some(old) = before.links.iter().find(|m| same(link, m) && m.values != link.values) else { continue };
        let changes = Changed::of(LINK, &old.values, &link.values).sets;
        let (port, to) = (link.port, link.to.clone());
        found.actions.push((link.from.clone(), Action::SetLink { port, to, changes }));
    }
    for link in after.links.iter().filter(|l| !stays(l) || !before.links.iter().any(|m| same(l, m))) {
        let (port, to) = (link.port, link.to.clone());
        let action = Action::Link { port, to, values: link.values.clone() };
        found.actions.push((link.from.clone(), action));
    }
    let reached = &mut found.reached;
    let mut whole = |differs: bool, what: &str| {
        if differs {
            found.waits.push(what.to_owned());
        }
    };
    whole(before.seed != after.seed, "the seed");
    whole(before.until != after.until, "the end");
    whole(before.warm_up != after.warm_up, "the warm-up");
    whole(before.max_depth != after.max_depth, "the depth of calls");
    whole(before.controls != after.controls, "what the file plans");
    (reached.seed, reached.until, reached.warm_up) = (before.seed, before.until, before.warm_up);
    (reached.max_depth, reached.controls) = (before.max_depth, before.controls.clone());
    found
}

/// Parameters that differ.
#[derive(Default)]
struct Changed {
    sets: Vec<(String, Value)>,
    kept: Vec<(String, Value)>,
}

impl Changed {
    fn of(specs: &[ParamSpec], before: &Values, after: &Values) -> Changed {
        let mut changed = Changed::default();
        changed.compare(specs, "", true, before, after);
        changed
    }

    /// A nested parameter is live when every group around it is.
    fn compare(&mut self, specs: &[ParamSpec], prefix: &str, live: bool, before: &Values, after: &Values) {
        for spec in specs {
            let (Some(old), Some(new)) = (before.get(spec.name), after.get(spec.name)) else { continue };
            if old == new {
                continue;
            }
            let path = if prefix.is_empty() { spec.name.to_owned() } else { format!("{prefix}.{}", spec.name) };
            let live = live && spec.live;
            match (spec.kind, old, new) {
                (ParamKind::Group(inner), Value::Group(old), Value::Group(new)) => {
                    self.compare(inner, &path, live, old, new);
                }
                _ if live => self.sets.push((path, new.clone())),
                _ => self.kept.push((path, old.clone())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "format = 1\nname = 'x'\n[[node]]\nid = 'u'\nkind = 'clients'\nrate = '10/s'\n[[node]]\nid = 'a'\nkind = 'service'\n\
        [[link]]\nfrom = 'u'\nto = 'a'\n";

    fn diff(before: &str, after: &str) -> Difference {
        let read = |text: &str| Scenario::load(text).unwrap_or_else(|p| panic!("{p}"));
        difference(&read(before), &read(after))
    }

    #[test]
    fn live_parameters_are_set_and_others_wait() {
        let after = TEXT.replace("'10/s'", "'20/s'\npopulation = 3");
        let found = diff(TEXT, &after);
        assert_eq!(found.actions, vec![("u".to_owned(), Action::Set(vec![("rate".to_owned(), Value::Rate(20.0))]))]);
        assert_eq!(found.waits, vec!["population of u".to_owned()]);
        // What waits goes on waiting, and what was reached is reached.
        let again = difference(&found.reached, &Scenario::load(&after).unwrap_or_else(|p| panic!("{p}")));
        assert_eq!((again.actions.len(), again.waits.len()), (0, 1));
        assert!(diff(TEXT, &TEXT.replace("name = 'x'", "name = 'y'\ndescription = 'z'")).waits.is_empty());
        assert_eq!(diff(TEXT, &TEXT.replace("name = 'x'", "name = 'x'\nuntil = '5s'")).waits, vec!["the end"]);
    }

    #[test]
    fn nodes_and_links_come_and_go_in_an_order_that_works() {
        let after = TEXT.replace("to = 'a'", "to = 'lb'")
            + "[[node]]\nid = 'lb'\nkind = 'load_balancer'\n[[link]]\nfrom = 'lb'\nto = 'a'\n";
        let names = |d: &Difference| {
            let name = |(id, action): &(String, Action)| {
                let what = match action {
                    Action::AddNode { .. } => "add",
                    Action::RemoveNode => "remove",
                    Action::Link { .. } => "link",
                    Action::Unlink { .. } => "unlink",
                    Action::SetLink { .. } => "set link",
                    _ => "other",
                };
                format!("{what} {id}")
            };
            d.actions.iter().map(name).collect::<Vec<_>>()
        };
        assert_eq!(names(&diff(TEXT, &after)), ["unlink u", "add lb", "link lb", "link u"]);
        assert_eq!(names(&diff(&after, TEXT)), ["remove lb", "link u"]);
        // A node of another kind is another node.
        let other = TEXT.replace("kind = 'service'", "kind = 'database'");
        assert_eq!(names(&diff(TEXT, &other)), ["remove a", "add a", "link u"]);
        let slower = TEXT.replace("to = 'a'", "to = 'a'\nlatency = '5ms'");
        assert_eq!(names(&diff(TEXT, &slower)), ["set link u"]);
        let heavier = TEXT.replace("to = 'a'", "to = 'a'\nweight = 2.0");
        assert_eq!(names(&diff(&slower, &heavier)), ["unlink u", "link u"]);
    }
}
