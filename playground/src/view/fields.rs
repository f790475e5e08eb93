//! One parameter as a field, made from its declaration.

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
    /// Of which node.
    pub id: String,
    /// Which parameter, nested ones with a dot.
    pub path: String,
    /// Its declaration.
    pub spec: &'static ParamSpec,
    /// What stands in the text, without quotes.
    pub given: Option<String>,
    /// Whether it reaches the running system at once.
    pub live: bool,
}

/// See the module.
#[component]
pub fn ParamField(props: &ParamFieldProps) -> Html {
    let ParamFieldProps { page, id, path, spec, given, live } = props;
    let problem = use_state(|| None::<String>);
    let commit = {
        let (page, id, path, problem) = (page.clone(), id.clone(), path.clone(), problem.clone());
        let spec = *spec;
        Callback::from(move |typed: String| {
            let value = match typed.trim() {
                "" => None,
                typed => Some(to_toml(spec.kind, typed)),
            };
            problem.set(page.set_param(&id, &path, value).err());
        })
    };
    let clear = {
        let commit = commit.clone();
        Callback::from(move |_: MouseEvent| commit.emit(String::new()))
    };
    let field = format!("p:{id}:{path}");
    let default = spec.default.map(params::bare);
    let label = path.replace('_', " ").replace('.', " · ");
    let describe = format!("{field}:doc");
    let limits = params::range(spec);
    html! {
        <div class={classes!("field", problem.is_some().then_some("wrong"), given.is_some().then_some("given"))}>
            <label for={field.clone()}>{ label }
                if *live {
                    <span class="live" title="Can change while it runs: it reaches the running system at once">{ "live" }</span>
                }
            </label>
            <div class="control">
                { control(spec, &field, &describe, given.as_deref(), default.as_deref(), commit) }
                if given.is_some() {
                    <button type="button" class="clear" title="Back to the default" aria-label={format!("Default for {path}")} onclick={clear}>{ "↺" }</button>
                }
            </div>
            if let Some(problem) = &*problem {
                <p class="problem" role="alert">{ problem.clone() }</p>
            }
            <p class="doc" id={describe} title={format!("{}{}", spec.doc.trim(), if limits.is_empty() { String::new() } else { format!("\nRange: {limits}") })}>
                { spec.doc.trim().replace('\n', " ") }
                if !limits.is_empty() { <span class="range">{ limits.clone() }</span> }
            </p>
        </div>
    }
}

fn control(
    spec: &'static ParamSpec,
    field: &str,
    describe: &str,
    given: Option<&str>,
    default: Option<&str>,
    commit: Callback<String>,
) -> Html {
    let (field, describe) = (field.to_owned(), describe.to_owned());
    let now = given.or(default).unwrap_or_default().to_owned();
    let choose = {
        let commit = commit.clone();
        Callback::from(move |event: Event| commit.emit(event.target_unchecked_into::<HtmlSelectElement>().value()))
    };
    match spec.kind {
        ParamKind::Boolean => html! {
            <select id={field} aria-describedby={describe} onchange={choose}>
                { for ["true", "false"].map(|word| html! {
                    <option value={word} selected={word == now}>{ if word == "true" { "yes" } else { "no" } }</option>
                }) }
            </select>
        },
        ParamKind::Choice(choices) => html! {
            <select id={field} aria-describedby={describe} onchange={choose}>
                { for choices.iter().map(|c| html! {
                    <option value={c.name} selected={c.name == now} title={c.doc.trim()}>{ c.name.replace('_', " ") }</option>
                }) }
            </select>
        },
        kind => {
            let onchange = Callback::from(move |event: Event| {
                commit.emit(event.target_unchecked_into::<HtmlInputElement>().value());
            });
            let placeholder = default.map_or_else(|| "none".to_owned(), str::to_owned);
            html! {
                <input id={field} aria-describedby={describe} value={given.unwrap_or_default().to_owned()} {placeholder}
                       title={hint(kind)} spellcheck="false" autocomplete="off" {onchange} />
            }
        }
    }
}
