//! What happens to a group as a whole: a zone without power, a region that is slow.

use super::events::{self, FAULT, Form, HEAL};
use super::nodes::Known;
use super::problem::{Diagnostics, shown};
use super::raw::Raw;
use super::table::{Table, key};
use super::value::read;
use crate::catalogue::Descriptor;
use crate::control::{Action, Control};
use crate::param::{ParamKind, ParamSpec};
use floodgate_core::Time;
use floodgate_core::order::{self, Order as _};

const GROUP: ParamSpec = key("group", ParamKind::Text);

/// `[[fault]] group = "zone-a"`, or `[[control]]` with a fault or its end: the same at the same instant to every node of the
/// group whose kind knows that fault, in the order of their ids. The others of the group go on.
pub(super) fn entries(
    table: &mut Table<'_>,
    known: &Known,
    form: Form,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Vec<Control>> {
    let at = events::at(table, diagnostics);
    let item = table.take("group")?;
    if let Some(other) = ["node", "from", "to"].into_iter().find(|name| table.has(name)) {
        let message = format!("{} is of a group, and has `{other}` as well", table.what);
        diagnostics.error(&table.span_of(other), message, "give `group`, or `node`");
        return None;
    }
    let path = format!("{}group", table.prefix);
    read(&GROUP, item, &path, diagnostics)?;
    let Raw::Text(group) = &item.raw else { return None };
    let lasting = events::lasting(table, diagnostics);
    let heals = form == Form::Control && table.has("heal") && !table.has("fault");
    let spec = if heals { &HEAL } else { &FAULT };
    if form == Form::Control && !heals && (table.has("set") || !table.has("fault") || table.has("heal")) {
        let remedy = "give one of `fault = \"…\"` and `heal = \"…\"`; parameters are set node by node";
        diagnostics.error(&table.span, format!("{} of a group is a fault or its end", table.what), remedy);
        return None;
    }
    let members = members(table, known, (group, item), spec, diagnostics);
    let mut actions: Vec<(&str, Option<Action>)> = Vec::new();
    let mut controls = Vec::new();
    for (id, kind) in members? {
        if !actions.iter().any(|(name, _)| *name == kind.kind) {
            let before = diagnostics.count();
            let action = match heals {
                true => events::heal(table, (id, kind), diagnostics),
                false => events::fault(table, (id, kind), diagnostics),
            };
            let wrong =
                action.as_ref().zip(lasting).and_then(|(action, l)| events::length_fits(action, Some(kind), l, form));
            if let Some((wrong, remedy)) = wrong {
                diagnostics.error(&table.span_of("for"), format!("{} {wrong}", table.what), remedy);
            }
            // What is wrong for one kind is most likely wrong for all, and told once.
            if diagnostics.count() > before {
                return None;
            }
            actions.push((kind.kind, action));
        }
        let action = actions.iter().find(|(name, _)| *name == kind.kind).and_then(|(_, action)| action.clone());
        if let (Some(at), Some(lasting), Some(action)) = (at, lasting, action) {
            controls.push(Control { at: Time(at.0), node: id.to_owned(), action, lasting });
        }
    }
    controls.order_by(|a, b| a.node.cmp(&b.node));
    Some(controls)
}

/// The nodes of the group that know the fault; at least one.
fn members<'k>(
    table: &mut Table<'_>,
    known: &'k Known,
    (group, item): (&str, &super::raw::Item),
    spec: &ParamSpec,
    diagnostics: &mut Diagnostics<'_>,
) -> Option<Vec<(&'k str, &'static Descriptor)>> {
    let path = format!("{}group", table.prefix);
    let found = known.group((group, item), &path, diagnostics);
    let fault = table.text(spec, diagnostics);
    let ((all, others), fault) = (found?, fault?);
    let knows = |kind: &Descriptor| kind.faults.iter().any(|known| known.name == fault);
    let members: Vec<_> = all.iter().copied().filter(|(_, kind)| knows(kind)).collect();
    if !members.is_empty() {
        return Some(members);
    }
    if all.is_empty() && !others {
        let message = format!("`{path}`: there are no nodes in the group `{group}`");
        diagnostics.error(&item.span, message, format!("say `group = \"{group}\"` at the nodes that belong to it"));
    } else if !others {
        let faults = order::set(all.iter().flat_map(|(_, kind)| kind.faults.iter().map(|fault| fault.name)));
        let remedy = diagnostics.instead(&fault, "faults", faults);
        let path = format!("{}{}", table.prefix, spec.name);
        let message = format!("`{path}`: no node of the group `{group}` has a fault `{}`", shown(&fault));
        diagnostics.error(&table.span_of(spec.name), message, remedy);
    }
    None
}
