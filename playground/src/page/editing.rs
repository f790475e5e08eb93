//! Editing: what is selected, added, moved, connected, grouped, copied and pasted. Every edit changes the text; what can reach
//! the running system does.

use super::viewport::{by_id, focus_soon};
use super::{Page, Problems, Selection, Topic};
use crate::editor::arrange::{Arrange, Block, arrange};
use crate::editor::{Change, Outline, Selected, Target, clipboard, layout, target};
use crate::geometry::{GRID, Point, frame, link_near, size, snap};
use crate::sim::engine;
use floodgate::catalogue::Descriptor;
use floodgate::order;
use floodgate::scenario::Hint;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What is dropped or clicked this near to something belongs to it, in CSS pixels.
pub const MAGNET: f64 = 20.0;
/// Copies stand so far from their originals.
const APART: f64 = 2.0 * GRID;

/// What editing needs to remember between gestures.
#[derive(Default)]
pub struct Editing {
    /// A kind of component that the next click on the canvas places.
    pub placing: Cell<Option<&'static Descriptor>>,
    /// Where the menu of what can be done is open, in the window.
    pub menu: Cell<Option<Point>>,
    /// Whether the keyboard map is shown.
    pub help: Cell<bool>,
    /// Keys that are letters or signs do nothing.
    pub letters_off: Cell<bool>,
    /// What runs but is probably not meant, of the text as it stands.
    pub hints: RefCell<Rc<Vec<Hint>>>,
}

impl Page {
    /// What is worth a hint, after the text has changed.
    pub(super) fn reread_hints(&self) {
        self.editing.hints.replace(Rc::new(engine::hints(self.editor.borrow().text())));
    }

    /// Gives a parameter a value (`None` is its default), unless the loader objects.
    ///
    /// # Errors
    /// What the loader says.
    pub fn set(&self, target: &Target, path: &str, value: Option<String>) -> Result<(), String> {
        let change = target.set(&self.outline.borrow(), path, value);
        self.refuse_worse(&change)?;
        self.edit(&change)
    }

    /// Says what would be wrong after a change that is not wrong before.
    fn refuse_worse(&self, change: &Change) -> Result<(), String> {
        let (before, after) = {
            let editor = self.editor.borrow();
            (editor.text().to_owned(), editor.preview(change)?)
        };
        let Err(new) = engine::messages(&after) else { return Ok(()) };
        let old = engine::messages(&before).err().unwrap_or_default();
        new.into_iter().find(|message| !old.contains(message)).map_or(Ok(()), Err)
    }

    /// Selects something, or nothing.
    pub fn select(&self, selection: Option<Selection>) {
        self.select_all_of(Selected::just(selection));
    }

    /// Selects these.
    pub fn select_all_of(&self, selected: Selected) {
        self.selected.replace(selected);
        self.tell(Topic::Edit);
    }

    /// Selects something as well, or no longer.
    pub fn select_as_well(&self, what: Selection) {
        self.selected.borrow_mut().toggle(what);
        self.tell(Topic::Edit);
    }

    /// The nodes that an action on the selection means.
    #[must_use]
    pub fn meant_nodes(&self) -> Vec<String> {
        self.selected.borrow().meant_nodes(&self.outline.borrow())
    }

    /// An id and a title for a new node of a kind.
    fn named(&self, descriptor: &Descriptor) -> (String, String) {
        let id = Change::free_id(self.editor.borrow().text(), descriptor.kind);
        // `service_2` is shown as “Service 2”.
        let number = id.strip_prefix(descriptor.kind).unwrap_or_default().replace('_', " ");
        let title = format!("{}{number}", descriptor.title);
        (id, title)
    }

    /// A new node of a kind, with its left upper corner there. Its id, if it could be added.
    pub fn add(&self, descriptor: &Descriptor, at: Point) -> Option<String> {
        let (id, title) = self.named(descriptor);
        let change = Change::AddNode { id: id.clone(), kind: descriptor.kind.to_owned(), title, at: snap(at) };
        match self.edit(&change) {
            Ok(()) => {
                self.select(Some(Selection::Node(id.clone())));
                Some(id)
            }
            Err(why) => {
                self.say(&why, true);
                None
            }
        }
    }

    /// A new node near the middle of the view, which gets the focus.
    pub fn add_near_middle(&self, descriptor: &Descriptor) {
        if let Some(id) = self.add(descriptor, self.free_place()) {
            focus_soon(&format!("[data-node='{id}']"));
        }
    }

    /// The link that a component dropped at a point of the window would be put into.
    #[must_use]
    pub fn link_at(&self, client: Point) -> Option<usize> {
        let reach = MAGNET / self.viewport.get().k;
        link_near(&self.outline.borrow(), &self.places.borrow(), self.to_world(client), reach)
    }

    /// A component is dropped at a point of the window: into the link there, or else on the canvas.
    pub fn drop_component(&self, descriptor: &'static Descriptor, client: Point) {
        self.editing.placing.set(None);
        let (x, y) = self.to_world(client);
        let (id, title) = self.named(descriptor);
        let at = snap((x - 90.0, y - 70.0));
        let add = Change::AddNode { id: id.clone(), kind: descriptor.kind.to_owned(), title, at };
        let outline = self.outline.borrow().clone();
        let link = self.link_at(client).and_then(|i| outline.links.get(i));
        match (link, Outline::may_splice(descriptor)) {
            (Some(link), Ok(())) => {
                let splice = splice(&outline, &id, link);
                let label = splice.label();
                self.try_edit(&Change::Several { label, changes: vec![add, splice] });
                self.select(Some(Selection::Node(id)));
            }
            (Some(_), Err(why)) => {
                self.add(descriptor, (x - 90.0, y - 40.0));
                self.say(&why, true);
            }
            (None, _) => {
                self.add(descriptor, (x - 90.0, y - 40.0));
            }
        }
    }

    /// The link into which a node that is dragged there would be put: it has no links yet, and can stand in the middle.
    #[must_use]
    pub fn link_for(&self, id: &str, client: Point) -> Option<usize> {
        let outline = self.outline.borrow().clone();
        let node = outline.node(id)?;
        let free = !outline.links.iter().any(|l| l.from == id || l.to == id);
        let fits = node.descriptor.is_some_and(|d| Outline::may_splice(d).is_ok());
        if free && fits { self.link_at(client) } else { None }
    }

    /// Moves nodes; one of them goes into a link, if it says so.
    pub fn move_nodes(&self, to: Vec<(String, Point)>, into: Option<usize>) {
        self.editor.borrow_mut().seal();
        let outline = self.outline.borrow().clone();
        let splice = match (to.as_slice(), into.and_then(|i| outline.links.get(i))) {
            ([(id, _)], Some(link)) => Some(splice(&outline, id, link)),
            _ => None,
        };
        let moved = Change::Move { to };
        match splice {
            Some(splice) => self.try_edit(&Change::Several { label: splice.label(), changes: vec![moved, splice] }),
            None => self.try_edit(&moved),
        }
        self.editor.borrow_mut().seal();
    }

    /// Moves what is selected by steps of the grid; those that follow each other are one step to undo.
    pub fn nudge(&self, columns: i8, rows: i8) {
        let by = (f64::from(columns) * GRID, f64::from(rows) * GRID);
        let to = self.blocks().into_iter().map(|b| (b.id, (b.at.0 + by.0, b.at.1 + by.1))).collect::<Vec<_>>();
        if !to.is_empty() {
            self.try_edit(&Change::Move { to });
        }
    }

    /// The cards of the nodes that are meant.
    fn blocks(&self) -> Vec<Block> {
        let (outline, places) = (self.outline.borrow().clone(), self.places.borrow().clone());
        let ids = self.meant_nodes();
        let block = |id: String| {
            let node = outline.node(&id)?;
            Some(Block { at: places.of(node), size: size(node), id })
        };
        ids.into_iter().filter_map(block).collect()
    }

    /// Aligns or distributes what is selected.
    pub fn arrange(&self, how: Arrange) {
        let blocks = self.blocks();
        if blocks.len() < how.at_least() {
            return self.say(&format!("{}: select at least {} nodes.", how.title(), how.at_least()), true);
        }
        let to = arrange(&blocks, how);
        if !to.is_empty() {
            let label = how.title().to_lowercase();
            self.try_edit(&Change::Several { label, changes: vec![Change::Move { to }] });
        }
    }

    /// Lays out the selected nodes; when there are none, those that nobody has placed. Others stay where they are.
    pub fn auto_layout(&self) {
        let (outline, places) = (self.outline.borrow().clone(), self.places.borrow().clone());
        let chosen = self.meant_nodes();
        let movable = if chosen.is_empty() {
            order::set(outline.nodes.iter().filter(|n| n.position.is_none()).map(|n| n.id.clone()))
        } else {
            order::set(chosen)
        };
        if movable.is_empty() {
            let text = "Every node has been placed by hand. Select those to lay out, or all of them (Ctrl+A).";
            return self.say(text, false);
        }
        let to = layout::some(&outline, &movable, size, |n| places.of(n), GRID);
        if to.is_empty() {
            return self.say("They stand where the layout puts them.", false);
        }
        let label = format!("lay out {} nodes", movable.len());
        self.try_edit(&Change::Several { label, changes: vec![Change::Move { to }] });
        self.fit();
    }

    /// A new link, unless something speaks against it.
    pub fn connect(&self, from: &str, port: usize, to: &str) {
        self.connecting.replace(None);
        let outline = self.outline.borrow().clone();
        let done = outline
            .may_connect(from, port, to)
            .and_then(|()| self.edit(&Change::Connect { from: outline.written_from(from, port), to: to.to_owned() }));
        match done {
            Ok(()) => self.select(Some(Selection::Link(from.to_owned(), port, to.to_owned()))),
            Err(why) => self.say(&why, true),
        }
    }

    /// Deletes what is selected.
    pub fn delete_selected(&self) {
        let change = target::delete_all(&self.outline.borrow(), self.selected.borrow().iter());
        if let Some(change) = change {
            self.try_edit(&change);
        }
    }

    /// What is selected as scenario text.
    #[must_use]
    pub fn copied(&self) -> Option<String> {
        let (outline, places) = (self.outline.borrow().clone(), self.places.borrow().clone());
        clipboard::copy(self.editor.borrow().text(), &self.meant_nodes(), |id| outline.node(id).map(|n| places.of(n)))
    }

    /// The selection once more, beside itself.
    pub fn duplicate(&self) {
        match self.copied() {
            Some(text) => self.insert(&text, "duplicate", (APART, APART)),
            None => self.say("Select the nodes to duplicate.", false),
        }
    }

    /// Scenario text from the clipboard.
    pub fn paste(&self, text: &str) {
        self.insert(text, "paste", self.shift_for(text));
    }

    /// Where what is pasted goes: beside its original, if that is in view; else into the middle of the view.
    fn shift_for(&self, text: &str) -> Point {
        let pasted = Outline::read(text);
        let mut places: Vec<Point> = pasted.nodes.iter().filter_map(|n| n.position).collect();
        let Some(stage) = by_id("stage").map(|s| s.get_bounding_client_rect()) else { return (0.0, 0.0) };
        let (from, to) = (self.to_world((stage.left(), stage.top())), self.to_world((stage.right(), stage.bottom())));
        let in_view = |p: &Point| from.0 <= p.0 && p.0 <= to.0 && from.1 <= p.1 && p.1 <= to.1;
        if places.is_empty() {
            return (0.0, 0.0);
        }
        let mut shift = (0.0, 0.0);
        if !places.iter().any(in_view) {
            let count = places.len() as f64;
            let sum = places.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
            let middle = ((from.0 + to.0) / 2.0 - 90.0, (from.1 + to.1) / 2.0 - 70.0);
            shift = snap((middle.0 - sum.0 / count, middle.1 - sum.1 / count));
        }
        places.iter_mut().for_each(|p| *p = (p.0 + shift.0, p.1 + shift.1));
        // Nothing comes to lie exactly on something else, however often it is pasted.
        let (outline, here) = (self.outline.borrow(), self.places.borrow());
        let taken = |at: Point| outline.nodes.iter().any(|n| here.of(n) == at);
        let mut more = 0.0;
        while more < 100.0 * APART && places.iter().any(|p| taken((p.0 + more, p.1 + more))) {
            more += APART;
        }
        (shift.0 + more, shift.1 + more)
    }

    fn insert(&self, text: &str, verb: &str, shift: Point) {
        let pasted = match clipboard::paste(self.editor.borrow().text(), text, shift) {
            Ok(pasted) => pasted,
            Err(why) => return self.say(&why, true),
        };
        let what = match pasted.ids.as_slice() {
            [] => "links".to_owned(),
            [id] => id.clone(),
            ids => format!("{} nodes", ids.len()),
        };
        let change = Change::Insert { fragment: pasted.fragment, label: format!("{verb} {what}") };
        if let Err(why) = self.refuse_worse(&change) {
            self.problems.replace(Some(Problems { of: "What was pasted".to_owned(), text: why }));
            return self.tell(Topic::Edit);
        }
        self.try_edit(&change);
        self.select_all_of(Selected::nodes_of(pasted.ids));
        if pasted.left_out.is_empty() {
            return;
        }
        let shown = pasted.left_out.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
        let more = pasted.left_out.len().saturating_sub(3);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        self.say(&format!("Left out: {shown}{more}."), true);
    }

    /// Puts what is selected into a new group.
    pub fn group_selected(&self) {
        let nodes = self.meant_nodes();
        if nodes.is_empty() {
            return self.say("Select the nodes to put into a group.", false);
        }
        let id = Change::free_id(self.editor.borrow().text(), "zone");
        let title = format!("Zone{}", id.strip_prefix("zone").unwrap_or_default().replace('_', " "));
        let change = Change::AddGroup { id: id.clone(), kind: "zone".to_owned(), title, nodes };
        match self.edit(&change) {
            Ok(()) => self.select(Some(Selection::Group(id))),
            Err(why) => self.say(&why, true),
        }
    }

    /// Dissolves the groups that are selected, or those of the nodes that are.
    pub fn ungroup_selected(&self) {
        let outline = self.outline.borrow().clone();
        let group_of = |what: &Selection| match what {
            Selection::Group(id) => Some(id.clone()),
            Selection::Node(id) => outline.node(id)?.group.clone(),
            Selection::Link(..) => None,
        };
        let groups = order::set(self.selected.borrow().iter().filter_map(group_of));
        let changes: Vec<Change> = groups.into_iter().map(|id| Change::Ungroup { id }).collect();
        match changes.len() {
            0 => self.say("Select a group, or a node of one.", false),
            _ => self.try_edit(&Change::Several { label: "ungroup".to_owned(), changes }),
        }
    }

    /// The frame around a group.
    #[must_use]
    pub fn frame_of(&self, group: &str) -> Option<(f64, f64, f64, f64)> {
        frame(&self.outline.borrow(), &self.places.borrow(), group)
    }
}

/// The change that puts a node into a link.
fn splice(outline: &Outline, id: &str, link: &crate::editor::outline::LinkSketch) -> Change {
    Change::Splice {
        id: id.to_owned(),
        from: outline.written_from(&link.from, link.port),
        ports: outline.port_names(&link.from, link.port),
        to: link.to.clone(),
    }
}
