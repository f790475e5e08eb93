//! One parameter as a field, made from its declaration.

use crate::editor::Target;
use crate::editor::params::{self, hint, to_toml};
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
        kind => {
            let onchange = Callback::from(move |event: Event| {
                commit.emit(event.target_unchecked_into::<HtmlInputElement>().value());
            });
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
