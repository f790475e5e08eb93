//! Structural edits as controls: a system that changes while it runs.

use super::{Parameters, Simulation};
use crate::components::AnyComponent;
use crate::control::{Action, Control};
use crate::edit::{System, check_link_changes, check_live};
use crate::scenario::wiring::Paths;
use crate::scenario::{Link, Node, Scenario};
use floodgate_core::{LinkId, NodeId, PortId, Time};
use std::sync::Arc;

impl Simulation {
    /// Whether a node (by its place in the scenario) was removed. What it did stays in the report.
    #[must_use]
    pub fn is_removed(&self, node: usize) -> bool {
        self.scenario.nodes.get(node).is_some_and(|n| n.removed.is_some())
    }

    /// Whether a link (by its place in the scenario) was removed, by itself or with one of its ends.
    #[must_use]
    pub fn is_link_removed(&self, link: usize) -> bool {
        self.scenario.links.get(link).is_some_and(|l| l.removed)
    }

    /// The control as a line of the control log, if it is the next to be entered: it may name nodes that will be there at its
    /// time.
    ///
    /// # Errors
    /// What it names that will not be there.
    pub fn line(&self, control: &Control) -> Result<String, String> {
        let system = self.system_at(control.at);
        control.to_line_by(|id| system.descriptor(id))
    }

    /// The system as it will be at `at`, with everything entered for that time so far.
    fn system_at(&self, at: Time) -> System {
        let mut system = System::of(&self.scenario);
        for edit in self.pending_edits().filter(|c| c.at <= at) {
            let done = system.apply(edit);
            debug_assert!(done.is_ok(), "{done:?}: it was checked when it was entered");
        }
        system
    }

    fn pending_edits(&self) -> impl Iterator<Item = &Control> {
        let begins = self.agenda[self.next..].iter().filter(|due| due.begins);
        begins.map(|due| &self.log[due.control]).filter(|control| control.action.is_edit())
    }

    /// Whether `control` can be done at its time, and everything that was entered for later still can be.
    pub(super) fn check(&self, control: &Control) -> Result<(), String> {
        if let Action::AddNode { descriptor, values, .. } = &control.action
            && AnyComponent::build(descriptor, values).is_none()
        {
            let names: Vec<&str> = descriptor.params.iter().map(|p| p.name).collect();
            let kind = descriptor.kind;
            return Err(format!("these values do not make a `{kind}`: give every parameter one: {}", names.join(", ")));
        }
        if !control.action.is_edit() && self.pending_edits().next().is_none() {
            let unknown = || format!("there is no node `{}`", control.node);
            let index = self.node_index(&control.node).ok_or_else(unknown)?;
            if let Action::SetLink { port, to, changes } = &control.action {
                let link = self.link_index(&control.node, *port, to);
                link.ok_or_else(|| format!("there is no link from `{}` to `{to}`", control.node))?;
                return check_link_changes(changes).map_err(|r| r.text());
            }
            return check_live(self.scenario.nodes[index].descriptor, &control.action).map_err(|r| r.text());
        }
        let mut system = self.system_at(control.at);
        system.apply(control).map_err(|refusal| refusal.text())?;
        if control.action.is_edit() {
            for later in self.pending_edits().filter(|later| later.at > control.at) {
                let refused = |r: crate::edit::Refusal| {
                    format!(
                        "what was entered for {} could no longer be done to `{}`: {}",
                        later.at,
                        later.node,
                        r.text()
                    )
                };
                system.apply(later).map_err(refused)?;
            }
        }
        Ok(())
    }

    /// Makes an edit that is due.
    pub(super) fn edit(&mut self, control: &Control) {
        let id = control.node.as_str();
        match &control.action {
            Action::AddNode { descriptor, values, title } => {
                let node = Node {
                    id: id.to_owned(),
                    title: title.clone(),
                    descriptor,
                    group: None,
                    values: values.clone(),
                    position: None,
                    span: 0..0,
                    added: Some(control.at),
                    removed: None,
                };
                self.add_node(node);
            }
            Action::RemoveNode => {
                if let Ok(node) = self.core.remove_node(id) {
                    let scenario = Arc::make_mut(&mut self.scenario);
                    scenario.nodes[node.0 as usize].removed = Some(control.at);
                }
            }
            Action::Link { port, to, values } => {
                let (from, to, values) = (id.to_owned(), to.clone(), values.clone());
                let link = Link { from, port: *port, to, values, span: 0..0, added: Some(control.at), removed: false };
                let spec = link.wiring().spec(Paths::of(&self.scenario).whereabouts(&link));
                if self.core.add_link(id, PortId(*port as u16), &link.to, spec).is_ok() {
                    self.wirings.push(Parameters {
                        specs: crate::scenario::LINK,
                        base: link.values.clone(),
                        overlays: Vec::new(),
                    });
                    Arc::make_mut(&mut self.scenario).links.push(link);
                }
            }
            Action::Unlink { port, to } => {
                let removed = self.core.remove_link(id, PortId(*port as u16), to);
                debug_assert!(removed.is_ok(), "{removed:?}: it was checked when it was entered");
            }
            Action::Set(_) | Action::SetLink { .. } | Action::Fault { .. } | Action::Heal { .. } => return,
        }
        self.follow_edit();
    }

    fn add_node(&mut self, node: Node) {
        let Some(model) = AnyComponent::build(node.descriptor, &node.values) else { return };
        let (id, base, specs) = (node.id.clone(), node.values.clone(), node.descriptor.params);
        let mut scenario = Scenario::clone(&self.scenario);
        scenario.nodes.push(node);
        let classes = scenario.nodes.last().map(Node::classes).unwrap_or_default();
        let Ok(added) = self.core.add_node(&id, &classes, model) else { return };
        debug_assert_eq!(added, NodeId(self.parameters.len() as u32));
        self.parameters.push(Parameters { specs, base, overlays: Vec::new() });
        self.scenario = Arc::new(scenario);
    }

    /// Whatever keeps a place for each node and link learns of those that are new, or gone.
    fn follow_edit(&mut self) {
        let scenario = Arc::make_mut(&mut self.scenario);
        for (mine, link) in scenario.links.iter_mut().zip(self.core.routes().links()) {
            mine.removed = link.removed;
        }
        debug_assert_eq!(self.scenario.links.len(), self.core.routes().links().len());
        // What a link is for depends on those beside it, and on the classes that there are.
        if !Paths::of(&self.scenario).is_empty() {
            for link in 0..self.wirings.len() {
                if !self.is_link_removed(link) {
                    self.core.set_link(LinkId(link as u32), self.link_spec(link));
                }
            }
        }
        debug_assert_eq!(self.scenario.nodes.len(), self.core.routes().node_count());
        let tracked = self.tracked();
        if let Some(recorder) = &mut self.recorder {
            recorder.grow(&self.core, tracked);
        }
        if let Some(journeys) = &mut self.journeys {
            journeys.know_links(self.core.routes());
        }
    }

    /// What a report calls a node (by its place in the scenario): by its id, and where later nodes have had the same id, with
    /// its number among them.
    pub(crate) fn report_name(&self, node: usize) -> String {
        let nodes = &self.scenario.nodes;
        let id = &nodes[node].id;
        let is_last = nodes[node].removed.is_none() || !nodes[node + 1..].iter().any(|n| n.id == *id);
        if is_last {
            return id.clone();
        }
        let number = nodes[..=node].iter().filter(|n| n.id == *id).count();
        format!("{id}#{number}")
    }

    /// Whether the node was there when `control` began: its end is nothing to one that has come since.
    pub(super) fn was_there(&self, node: usize, control: &Control) -> bool {
        self.scenario.nodes[node].added.is_none_or(|added| added <= control.at)
    }
}
