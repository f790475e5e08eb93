//! The keyboard map: one table, from which the handler acts and the dialog behind `?` is written.

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Do {
    /// Lets time pass, or stops it.
    RunOrPause,
    /// One event.
    Step,
    /// One event back.
    StepBack,
    /// So many seconds of virtual time forth or back.
    Seek(i8),
    /// Takes back the last edit.
    Undo,
    /// Does again what was taken back.
    Redo,
    /// Saves the scenario as a file.
    Save,
    /// Selects every node.
    SelectAll,
    /// Selects nothing, and leaves whatever was begun.
    Escape,
    /// Deletes what is selected.
    Delete,
    /// The selection once more.
    Duplicate,
    /// Puts the selection into a new group.
    Group,
    /// Dissolves the selected groups.
    Ungroup,
    /// Shows everything.
    Fit,
    /// Larger.
    ZoomIn,
    /// Smaller.
    ZoomOut,
    /// Layout of what is selected, or of what has no place yet.
    Layout,
    /// Moves what is selected by a step of the grid: columns and rows.
    Nudge(i8, i8),
    /// To the node at the other end of a link, or the next one: columns and rows.
    Walk(i8, i8),
    /// Selects the node, or ends a connection at it.
    Choose,
    /// Selects the node as well.
    ChooseAsWell,
    /// Begins a connection at the node.
    Connect,
    /// To the search field of the palette.
    Search,
    /// To the fields of what is selected.
    Inspect,
    /// What can be done to what is selected.
    Menu,
    /// Shows this map.
    Help,
    /// The browser does it; the map says so.
    Browser,
}

/// Where a binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Wherever the focus is, except in a field.
    Page,
    /// While a node has the focus.
    Node,
}

/// A key with what is held down with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chord {
    /// As `KeyboardEvent.key` has it; letters in lower case.
    pub key: &'static str,
    /// Ctrl, or the command key of a Mac.
    pub ctrl: bool,
    /// Shift. For signs that need it on some keyboards, either is taken.
    pub shift: bool,
}

/// A row of the map.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Any of these.
    pub chords: &'static [Chord],
    /// Where.
    pub place: Place,
    /// Does this.
    pub does: Do,
    /// In words.
    pub title: &'static str,
    /// Heading under which it stands.
    pub section: &'static str,
}

const fn key(key: &'static str) -> Chord {
    Chord { key, ctrl: false, shift: false }
}
const fn ctrl(key: &'static str) -> Chord {
    Chord { key, ctrl: true, shift: false }
}
const fn shift(key: &'static str) -> Chord {
    Chord { key, ctrl: false, shift: true }
}
const fn ctrl_shift(key: &'static str) -> Chord {
    Chord { key, ctrl: true, shift: true }
}

const RUN: &str = "Run";
const EDIT: &str = "Edit";
const CANVAS: &str = "Canvas";
const NODE: &str = "On a node";

const fn row(chords: &'static [Chord], place: Place, does: Do, section: &'static str, title: &'static str) -> Binding {
    Binding { chords, place, does, title, section }
}

/// The map. Of two rows that fit, the one for a node goes first while a node has the focus.
pub const MAP: &[Binding] = &[
    row(&[key(" ")], Place::Page, Do::RunOrPause, RUN, "Run or pause"),
    row(&[key("."), key("ArrowRight")], Place::Page, Do::Step, RUN, "One event"),
    row(&[key(","), key("ArrowLeft")], Place::Page, Do::StepBack, RUN, "One event back"),
    row(&[shift("ArrowRight")], Place::Page, Do::Seek(1), RUN, "One second on"),
    row(&[shift("ArrowLeft")], Place::Page, Do::Seek(-1), RUN, "One second back"),
    row(&[ctrl("z")], Place::Page, Do::Undo, EDIT, "Undo"),
    row(&[ctrl("y"), ctrl_shift("z")], Place::Page, Do::Redo, EDIT, "Redo"),
    row(&[ctrl("c")], Place::Page, Do::Browser, EDIT, "Copy as scenario text"),
    row(&[ctrl("x")], Place::Page, Do::Browser, EDIT, "Cut"),
    row(&[ctrl("v")], Place::Page, Do::Browser, EDIT, "Paste scenario text"),
    row(&[ctrl("d")], Place::Page, Do::Duplicate, EDIT, "Duplicate"),
    row(&[key("Delete"), key("Backspace")], Place::Page, Do::Delete, EDIT, "Delete"),
    row(&[ctrl("g")], Place::Page, Do::Group, EDIT, "Put into a new group"),
    row(&[ctrl_shift("g")], Place::Page, Do::Ungroup, EDIT, "Dissolve the group"),
    row(&[ctrl("s")], Place::Page, Do::Save, EDIT, "Save the scenario as a file"),
    row(&[key("/")], Place::Page, Do::Search, EDIT, "Search a component to add"),
    row(&[ctrl("a")], Place::Page, Do::SelectAll, CANVAS, "Select all nodes"),
    row(&[key("Escape")], Place::Page, Do::Escape, CANVAS, "Select nothing; leave what was begun"),
    row(&[key("f")], Place::Page, Do::Fit, CANVAS, "Fit everything into view"),
    row(&[key("+"), key("=")], Place::Page, Do::ZoomIn, CANVAS, "Zoom in"),
    row(&[key("-")], Place::Page, Do::ZoomOut, CANVAS, "Zoom out"),
    row(&[key("l")], Place::Page, Do::Layout, CANVAS, "Lay out the selection, or what has no place yet"),
    row(&[key("?")], Place::Page, Do::Help, CANVAS, "This map"),
    row(&[key("Enter"), key(" ")], Place::Node, Do::Choose, NODE, "Select it, or end a connection here"),
    row(&[shift("Enter")], Place::Node, Do::ChooseAsWell, NODE, "Select it as well"),
    row(&[key("c")], Place::Node, Do::Connect, NODE, "Begin a connection"),
    row(&[key("ArrowRight")], Place::Node, Do::Walk(1, 0), NODE, "Along a link to what it calls"),
    row(&[key("ArrowLeft")], Place::Node, Do::Walk(-1, 0), NODE, "Back along a link to its caller"),
    row(&[key("ArrowDown")], Place::Node, Do::Walk(0, 1), NODE, "Next node"),
    row(&[key("ArrowUp")], Place::Node, Do::Walk(0, -1), NODE, "Node before"),
    row(&[shift("ArrowRight")], Place::Node, Do::Nudge(1, 0), NODE, "Nudge right"),
    row(&[shift("ArrowLeft")], Place::Node, Do::Nudge(-1, 0), NODE, "Nudge left"),
    row(&[shift("ArrowDown")], Place::Node, Do::Nudge(0, 1), NODE, "Nudge down"),
    row(&[shift("ArrowUp")], Place::Node, Do::Nudge(0, -1), NODE, "Nudge up"),
    row(&[key("i")], Place::Node, Do::Inspect, NODE, "To its parameters"),
    row(&[shift("F10"), key("ContextMenu")], Place::Node, Do::Menu, NODE, "What can be done to it"),
];

/// What is done with the mouse or a finger: told beside the map.
pub const GESTURES: &[(&str, &str)] = &[
    ("Drag a node", "moves it, with all that is selected"),
    ("Drag from a port", "connects; or click the port, then the node"),
    ("Shift + click", "selects as well"),
    ("Shift + drag on the canvas", "selects what is in the frame"),
    ("Drag on the canvas", "moves the view"),
    ("Wheel, two fingers", "zooms to the cursor, moves the view"),
    ("Right click, long press", "what can be done there"),
    ("Drop a component on a link", "puts it into the link"),
];

/// Whether a key is a letter or sign without Ctrl: such keys can be switched off, for those whose speech or tremor presses
/// them (WCAG 2.1.4).
#[must_use]
pub fn is_single(key: &str, ctrl: bool) -> bool {
    !ctrl && key != " " && key.chars().count() == 1
}

/// What a key press does, if anything.
#[must_use]
pub fn lookup(key: &str, ctrl: bool, shift: bool, on_node: bool) -> Option<Do> {
    let lower = if key.chars().count() == 1 { key.to_lowercase() } else { key.to_owned() };
    // Which signs need Shift differs from keyboard to keyboard.
    let is_sign = key.chars().count() == 1 && !key.chars().all(char::is_alphanumeric);
    let fits = |chord: &Chord| chord.key == lower && chord.ctrl == ctrl && (chord.shift == shift || is_sign);
    let find = |place: Place| MAP.iter().find(|b| b.place == place && b.chords.iter().any(fits));
    let found = on_node.then(|| find(Place::Node)).flatten().or_else(|| find(Place::Page));
    found.map(|b| b.does)
}

impl Chord {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let key = match self.key {
            " " => "Space",
            "ArrowRight" => "→",
            "ArrowLeft" => "←",
            "ArrowDown" => "↓",
            "ArrowUp" => "↑",
            "Delete" => "Del",
            "Escape" => "Esc",
            "ContextMenu" => "Menu",
            letter if letter.len() == 1 => &letter.to_uppercase(),
            other => other,
        };
        format!("{}{}{key}", if self.ctrl { "Ctrl+" } else { "" }, if self.shift { "Shift+" } else { "" })
    }
}

/// The first key for something, for people.
#[must_use]
pub fn shortcut(does: Do) -> Option<String> {
    MAP.iter().find(|b| b.does == does)?.chords.first().map(Chord::text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_keys_and_no_key_has_two_meanings() {
        for (i, binding) in MAP.iter().enumerate() {
            for chord in binding.chords {
                let found = lookup(chord.key, chord.ctrl, chord.shift, binding.place == Place::Node);
                assert_eq!(found, Some(binding.does), "{}", chord.text());
                let twice = MAP[..i].iter().any(|b| b.place == binding.place && b.chords.contains(chord));
                assert!(!twice, "{} stands twice", chord.text());
            }
        }
    }

    #[test]
    fn letters_go_by_their_key_and_signs_by_what_is_typed() {
        assert_eq!(lookup("Z", true, true, false), Some(Do::Redo));
        assert_eq!(lookup("?", false, true, true), Some(Do::Help));
        assert_eq!(lookup("+", false, true, false), Some(Do::ZoomIn));
        assert_eq!(lookup("F", false, true, false), None);
        assert_eq!(shortcut(Do::Duplicate).as_deref(), Some("Ctrl+D"));
    }
}
