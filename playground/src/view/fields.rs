//! One parameter as a field, made from its declaration.

use crate::editor::params::{self, bare, hint, to_toml};
use crate::editor::{Target, lists};
use crate::page::PageRef;
use floodgate::param::{ParamKind, ParamSpec};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// Properties of [`ParamField`].
#[derive(PartialEq, Properties)]
pub struct ParamFieldProps {
    /// The page.
    pub page: PageRef,
    /// Of what.
    pub target: Target,
    /// Which parameter, nested ones with a dot.
    pub path: String,
    /// Its declaration.
    pub spec: &'static ParamSpec,
    /// What stands in the text, without quotes.
    pub given: Option<String>,
    /// It stands differently in several nodes.
    #[prop_or_default]
    pub mixed: bool,
    /// Whether it reaches the running system at once.
    pub live: bool,
    /// Where its semantics come from, unless its declaration says something more particular.
    #[prop_or_default]
    pub source: Option<&'static str>,
}

/// See the module.
#[component]
pub fn ParamField(props: &ParamFieldProps) -> Html {
    let ParamFieldProps { page, target, path, spec, given, mixed, live, source } = props;
    // What the loader objects to, and what was typed: it stays until it is right, or given up.
    let problem = use_state(|| None::<(String, String)>);
    let commit = {
        let (page, target, path, problem) = (page.clone(), target.clone(), path.clone(), problem.clone());
        let spec = *spec;
        Callback::from(move |typed: String| {
            let value = match typed.trim() {
                "" => None,
                typed => Some(to_toml(spec.kind, typed)),
            };
            problem.set(page.set(&target, &path, value).err().map(|why| (typed, why)));
        })
    };
    let clear = {
        let commit = commit.clone();
        Callback::from(move |_: MouseEvent| commit.emit(String::new()))
    };
    let field = format!("p:{}:{path}", target.key());
    let default = spec.default.map(params::bare);
    let label = path.replace('_', " ").replace('.', " · ");
    let describe = format!("{field}:doc");
    let limits = params::range(spec);
    let required = spec.default.is_none() && !spec.optional;
    let (meaning, own_source) = params::meaning(spec.doc);
    let source = own_source.or_else(|| source.map(str::to_owned));
    let choices = match spec.kind {
        ParamKind::Choice(choices) => choices,
        _ => &[],
    };
    let wrong = format!("{field}:wrong");
    let described = if problem.is_some() { format!("{describe} {wrong}") } else { describe.clone() };
    let typed = problem.as_ref().map(|(typed, _)| typed.as_str());
    html! {
        <div class={classes!("field", problem.is_some().then_some("wrong"), given.is_some().then_some("given"))}>
            <label for={field.clone()}>{ label }
                if *live {
                    <span class="live" title="Can change while it runs: it reaches the running system at once">{ "live" }</span>
                } else {
                    <span class="waits" title="Takes effect after Reset">{ "at reset" }</span>
                }
            </label>
            <div class="control">
                { control(spec, &field, &described, (typed.or(given.as_deref()), *mixed, problem.is_some()), default.as_deref(), commit) }
                if !required && (given.is_some() || *mixed || problem.is_some()) {
                    <button type="button" class="clear" title="Back to the default" aria-label={format!("Default for {path}")} onclick={clear}>{ "↺" }</button>
                }
            </div>
            if let Some((_, why)) = &*problem {
                <p class="problem" role="alert" id={wrong}>{ why.clone() }</p>
            }
            <div class="doc" id={describe}>
                { meaning }
                <span class="range">{ hint(spec.kind) }{ if limits.is_empty() { String::new() } else { format!(", {limits}") } }
                    { if required { "; required".to_owned() } else { format!("; default {}", default.as_deref().filter(|d| !d.is_empty()).unwrap_or("none")) } }</span>
                if !choices.is_empty() {
                    <ul class="choices">{ for choices.iter().map(|c| html! { <li><b>{ c.name.replace('_', " ") }</b>{ format!(": {}", params::meaning(c.doc).0) }</li> }) }</ul>
                }
                if let Some(source) = source {
                    <span class="source">{ format!("Source: {source}") }</span>
                }
            </div>
        </div>
    }
}

fn control(
    spec: &'static ParamSpec,
    field: &str,
    describe: &str,
    (given, mixed, wrong): (Option<&str>, bool, bool),
    default: Option<&str>,
    commit: Callback<String>,
) -> Html {
    let (field, describe) = (field.to_owned(), describe.to_owned());
    let now = if mixed { String::new() } else { given.or(default).unwrap_or_default().to_owned() };
    let several = || html! { if mixed { <option value="" selected=true disabled=true>{ "several values" }</option> } };
    let choose = {
        let commit = commit.clone();
        Callback::from(move |event: Event| commit.emit(event.target_unchecked_into::<HtmlSelectElement>().value()))
    };
    match spec.kind {
        ParamKind::Boolean => html! {
            <select id={field} aria-describedby={describe} onchange={choose}>
                { several() }
                { for ["true", "false"].map(|word| html! {
                    <option value={word} selected={word == now}>{ if word == "true" { "yes" } else { "no" } }</option>
                }) }
            </select>
        },
        ParamKind::Choice(choices) => html! {
            <select id={field} aria-describedby={describe} onchange={choose}>
                { several() }
                { for choices.iter().map(|c| html! {
                    <option value={c.name} selected={c.name == now} title={c.doc.trim()}>{ c.name.replace('_', " ") }</option>
                }) }
            </select>
        },
        ParamKind::Group(_) => {
            let on = !mixed && params::is_on(spec, given);
            let without = if spec.default.is_none() { "" } else { "none" };
            html! {
                <select id={field} aria-describedby={describe} onchange={choose}>
                    { several() }
                    <option value={without} selected={!mixed && !on}>{ "without" }</option>
                    <option value="{}" selected={on}>{ "with" }</option>
                </select>
            }
        }
        ParamKind::List(specs) if !mixed && lists::rows(&now).is_some() => list(specs, &field, &describe, now, commit),
        ParamKind::File if !mixed => {
            let files = crate::beside::names();
            let other = (!now.is_empty() && !files.contains(&now)).then(|| now.clone());
            html! {
                <select id={field} aria-describedby={describe} onchange={choose}>
                    <option value="" selected={now.is_empty()}>{ "none" }</option>
                    { for files.into_iter().chain(other).map(|name| html! { <option value={name.clone()} selected={name == now}>{ name.clone() }</option> }) }
                </select>
            }
        }
        ParamKind::Distribution if !mixed && !wrong && lists::form(&to_toml(spec.kind, &now)).is_some() => {
            let toml = to_toml(spec.kind, &now);
            html! { <>{ forms(&field, &toml, &commit) }{ law(&field, &describe, given, now, toml, commit) }</> }
        }
        kind => {
            let onchange = typed(commit);
            let placeholder = match default {
                _ if mixed => "several values".to_owned(),
                default => default.unwrap_or("none").to_owned(),
            };
            html! {
                <input id={field} aria-describedby={describe} value={given.unwrap_or_default().to_owned()} {placeholder}
                       aria-invalid={wrong.then_some("true")} title={hint(kind)} spellcheck="false" autocomplete="off" {onchange} />
            }
        }
    }
}

fn typed(commit: Callback<String>) -> Callback<Event> {
    Callback::from(move |event: Event| commit.emit(event.target_unchecked_into::<HtmlInputElement>().value()))
}

/// A button that puts this text in place of what there is.
fn button(label: String, sign: &'static str, text: Option<String>, commit: &Callback<String>) -> Html {
    let commit = commit.clone();
    let onclick = Callback::from(move |_: MouseEvent| text.iter().for_each(|text| commit.emit(text.clone())));
    html! { <button type="button" class="clear" title={label.clone()} aria-label={label} {onclick}>{ sign }</button> }
}

/// A list of tables: the fields of each, one below the other.
fn list(specs: &'static [ParamSpec], field: &str, describe: &str, toml: String, commit: Callback<String>) -> Html {
    let rows = lists::rows(&toml).unwrap_or_default();
    let one = |i: usize, row: &std::collections::BTreeMap<String, String>| {
        let of = |spec: &'static ParamSpec| {
            let (toml, commit) = (toml.clone(), commit.clone());
            let set = Callback::from(move |typed: String| {
                let value = (!typed.trim().is_empty()).then(|| to_toml(spec.kind, &typed));
                lists::set(&toml, i, spec.name, value.as_deref()).into_iter().for_each(|text| commit.emit(text));
            });
            let (given, default) = (row.get(spec.name).map(|text| bare(text)), spec.default.map(bare));
            let id = format!("{field}:{i}:{}", spec.name);
            html! {
                <div class="part" key={spec.name} title={params::meaning(spec.doc).0}>
                    <label for={id.clone()}>{ spec.name.replace('_', " ") }</label>
                    { control(spec, &id, describe, (given.as_deref(), false, false), default.as_deref(), set) }
                </div>
            }
        };
        html! {
            <div class="row-of" role="group" aria-label={format!("No. {}", i + 1)}>
                { for specs.iter().map(of) }
                { button(format!("Remove no. {}", i + 1), "×", lists::remove(&toml, i), &commit) }
            </div>
        }
    };
    html! {
        <div class="rows" id={field.to_owned()}>
            { for rows.iter().enumerate().map(|(i, row)| one(i, row)) }
            { button("Add one".to_owned(), "+", lists::add(&toml, specs), &commit) }
        </div>
    }
}

/// Which form a distribution has.
fn forms(field: &str, toml: &str, commit: &Callback<String>) -> Html {
    let form = lists::form(toml);
    let choose = {
        let (toml, commit) = (toml.to_owned(), commit.clone());
        Callback::from(move |event: Event| {
            let form = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
            commit.emit(bare(&lists::in_form(&toml, usize::try_from(form).unwrap_or(0))));
        })
    };
    html! {
        <select class="form" id={format!("{field}:form")} aria-label="Form of the distribution" onchange={choose}>
            { for lists::FORMS.iter().enumerate().map(|(i, (name, _))| html! { <option selected={form == Some(i)}>{ *name }</option> }) }
        </select>
    }
}

/// What a distribution is beyond its form: pairs one below the other, or a text.
fn law(field: &str, describe: &str, given: Option<&str>, now: String, toml: String, commit: Callback<String>) -> Html {
    let Some(pairs) = lists::pairs(&toml) else {
        return html! {
            <input id={field.to_owned()} aria-describedby={describe.to_owned()} value={given.unwrap_or_default().to_owned()} placeholder={now}
                   title={hint(ParamKind::Distribution)} spellcheck="false" autocomplete="off" onchange={typed(commit)} />
        };
    };
    let value_of = |typed: &str| to_toml(ParamKind::Distribution, typed);
    let part = |i: usize, share: &String, value: &String, first: bool| {
        let (id, label) = (format!("{field}:{i}:{first}"), if first { "share" } else { "value" });
        let set = {
            let (toml, share, value, commit) = (toml.clone(), share.clone(), value.clone(), commit.clone());
            Callback::from(move |typed: String| {
                let pair = if first { (typed, value.clone()) } else { (share.clone(), value_of(&typed)) };
                let text = lists::set_pair(&toml, i, Some((&pair.0, &pair.1)));
                // What is no number is left to the loader to object to.
                commit.emit(text.unwrap_or_else(|| format!("{{ mixture = [[{:?}, {}]] }}", pair.0, pair.1)));
            })
        };
        html! {
            <div class="part">
                <label for={id.clone()}>{ label }</label>
                <input {id} value={bare(if first { share } else { value })} spellcheck="false" autocomplete="off" onchange={typed(set)} />
            </div>
        }
    };
    let last = pairs.last().cloned().unwrap_or_else(|| ("1.0".to_owned(), "\"10ms\"".to_owned()));
    html! {
        <div class="rows" id={field.to_owned()}>
            { for pairs.iter().enumerate().map(|(i, (share, value))| html! {
                <div class="row-of" role="group" aria-label={format!("No. {}", i + 1)}>
                    { part(i, share, value, true) }{ part(i, share, value, false) }
                    { button(format!("Remove no. {}", i + 1), "×", lists::set_pair(&toml, i, None), &commit) }
                </div>
            }) }
            { button("Add one".to_owned(), "+", lists::set_pair(&toml, pairs.len(), Some((&last.0, &last.1))), &commit) }
        </div>
    }
}
