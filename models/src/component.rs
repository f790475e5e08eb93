//! What a component is: a node of the catalogue.

use crate::catalogue::Descriptor;
use crate::components::AnyComponent;
use crate::param::{Params, Values};
use crate::status::Status;
use floodgate_core::{Arrival, CallId, Ctx, LinkChange, LinkId, Reply, Time, TimerId};

/// All that a component can do.
pub type Cx<'a> = Ctx<'a, AnyComponent>;

/// Gauge slots that mean the same for every component; those of its descriptor follow.
pub mod slot {
    /// Capacity in use: the numerator of utilisation.
    pub const USED: usize = 0;
    /// Capacity that is there: its denominator.
    pub const CAPACITY: usize = 1;
    /// Requests that wait.
    pub const QUEUE: usize = 2;
    /// The first gauge of the descriptor.
    pub const OWN: usize = 3;
}

/// What components tell each other besides calls.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// To callers: these replicas take requests.
    Endpoints(Vec<u32>),
}

/// What is done to a component from outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Directive {
    /// Its parameters are these from now on.
    Configure(Values),
    /// A fault begins.
    Fault(&'static str, Values),
    /// A lasting fault ends.
    Heal(&'static str),
}

/// Why values do not go together that are each as they may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The parameter that it is about, nested ones with a dot.
    pub param: String,
    /// What is wrong, worded to follow its name.
    pub message: String,
    /// What would be right.
    pub remedy: String,
}

impl Objection {
    /// An objection.
    #[must_use]
    pub fn new(param: &str, message: impl Into<String>, remedy: impl Into<String>) -> Objection {
        Objection { param: param.to_owned(), message: message.into(), remedy: remedy.into() }
    }
}

/// A component: state and behaviour of a node. One file in `components/` and one line in its table.
pub trait Component: Clone {
    /// Its parameters, declared with [`params!`](crate::params).
    type Config: Params;
    /// All that the outside knows.
    const DESCRIPTOR: &'static Descriptor;

    /// A node that has not started.
    fn new(config: Self::Config) -> Self;
    /// What does not go together in a configuration whose values are each as they may be. It is told where the scenario is
    /// read; whoever changes values while the system runs is not asked.
    fn check(_config: &Self::Config) -> Vec<Objection> {
        Vec::new()
    }
    /// What does not fit those whom it calls, each by its id. It is told where the scenario is read.
    fn check_callees(_config: &Self::Config, _callees: &[&str]) -> Vec<Objection> {
        Vec::new()
    }
    /// The run begins. A component that takes calls tells its callers of its endpoints
    /// ([`Message::Endpoints`]; replica 0 if it has no others): a balancer in front of it waits for that.
    fn on_start(&mut self, cx: &mut Cx<'_>);
    /// A call has arrived; it must be answered once.
    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>);
    /// The same with what is asked first of a call, for whom that is enough.
    #[inline(always)]
    fn on_arrival(&mut self, arrival: Arrival, cx: &mut Cx<'_>) {
        self.on_call(arrival.call, cx);
    }
    /// A call of this node has ended.
    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>);
    /// A caller says that it has given up.
    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>);
    /// A timer has come up.
    fn on_timer(&mut self, timer: TimerId, tag: u64, cx: &mut Cx<'_>);
    /// The service of a call, begun by [`Cx::serve`](floodgate_core::Ctx::serve), is complete; `tag` is the one
    /// that this node gave it.
    fn on_served(&mut self, _call: CallId, _tag: u32, _cx: &mut Cx<'_>) {
        debug_assert!(false, "a component that serves calls hears when they are served");
    }
    /// The time set by [`Cx::tick`](floodgate_core::Ctx::tick) has come.
    fn on_tick(&mut self, _cx: &mut Cx<'_>) {
        debug_assert!(false, "a component that sets ticks hears them");
    }
    /// A message has come over `link`.
    fn on_message(&mut self, _link: LinkId, _message: Message, _cx: &mut Cx<'_>) {}
    /// Live parameters have changed.
    fn on_configure(&mut self, config: Self::Config, cx: &mut Cx<'_>);
    /// A fault of the descriptor begins.
    fn on_fault(&mut self, _fault: &'static str, _values: &Values, _cx: &mut Cx<'_>) {}
    /// A lasting fault ends.
    fn on_heal(&mut self, _fault: &'static str, _cx: &mut Cx<'_>) {}
    /// The system has been edited while it runs. A component that calls others reads its links again; whoever calls it has to
    /// hear of its endpoints, which unless it says otherwise is replica 0.
    fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>) {
        if let LinkChange::Caller(link) = change {
            cx.message(link, Message::Endpoints(vec![0]));
        }
    }
    /// It is removed from the running system, and hears nothing more: books the work done so far and says by its gauges that
    /// nothing is left. What it holds is answered 502 for it.
    fn on_removed(&mut self, _cx: &mut Cx<'_>) {}
    /// How it stands, for people. `waits` says whether somebody still waits for a call.
    fn status(&self, now: Time, waits: &dyn Fn(CallId) -> bool) -> Status;
    /// About how many bytes it keeps on the heap: what a keyframe of it costs.
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// A component that can stand in a box: what [`Component`] is, without its type. Everything that is a [`Component`] is one.
pub trait DynComponent: std::fmt::Debug + Send + Sync {
    /// A copy in a box of its own.
    fn clone_box(&self) -> Box<dyn DynComponent>;
    /// See [`Component::on_start`].
    fn on_start(&mut self, cx: &mut Cx<'_>);
    /// See [`Component::on_call`].
    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>);
    /// See [`Component::on_reply`].
    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>);
    /// See [`Component::on_cancel`].
    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>);
    /// See [`Component::on_timer`].
    fn on_timer(&mut self, timer: TimerId, tag: u64, cx: &mut Cx<'_>);
    /// See [`Component::on_served`].
    fn on_served(&mut self, call: CallId, tag: u32, cx: &mut Cx<'_>);
    /// See [`Component::on_tick`].
    fn on_tick(&mut self, cx: &mut Cx<'_>);
    /// See [`Component::on_message`].
    fn on_message(&mut self, link: LinkId, message: Message, cx: &mut Cx<'_>);
    /// Passes a directive to the component.
    fn on_control(&mut self, directive: &Directive, cx: &mut Cx<'_>);
    /// See [`Component::on_link`].
    fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>);
    /// See [`Component::on_removed`].
    fn on_removed(&mut self, cx: &mut Cx<'_>);
    /// See [`Component::status`].
    fn status(&self, now: Time, waits: &dyn Fn(CallId) -> bool) -> Status;
    /// See [`Component::heap_bytes`].
    fn heap_bytes(&self) -> usize;
}

impl<C: Component + std::fmt::Debug + Send + Sync + 'static> DynComponent for C {
    fn clone_box(&self) -> Box<dyn DynComponent> {
        Box::new(self.clone())
    }
    fn on_start(&mut self, cx: &mut Cx<'_>) {
        Component::on_start(self, cx);
    }
    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        Component::on_call(self, call, cx);
    }
    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        Component::on_reply(self, reply, cx);
    }
    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        Component::on_cancel(self, call, cx);
    }
    fn on_timer(&mut self, timer: TimerId, tag: u64, cx: &mut Cx<'_>) {
        Component::on_timer(self, timer, tag, cx);
    }
    fn on_served(&mut self, call: CallId, tag: u32, cx: &mut Cx<'_>) {
        Component::on_served(self, call, tag, cx);
    }
    fn on_tick(&mut self, cx: &mut Cx<'_>) {
        Component::on_tick(self, cx);
    }
    fn on_message(&mut self, link: LinkId, message: Message, cx: &mut Cx<'_>) {
        Component::on_message(self, link, message, cx);
    }
    fn on_control(&mut self, directive: &Directive, cx: &mut Cx<'_>) {
        direct(self, directive, cx);
    }
    fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>) {
        Component::on_link(self, change, cx);
    }
    fn on_removed(&mut self, cx: &mut Cx<'_>) {
        Component::on_removed(self, cx);
    }
    fn status(&self, now: Time, waits: &dyn Fn(CallId) -> bool) -> Status {
        Component::status(self, now, waits)
    }
    fn heap_bytes(&self) -> usize {
        Component::heap_bytes(self)
    }
}

impl Clone for Box<dyn DynComponent> {
    fn clone(&self) -> Self {
        // Through the contents: the box itself would be a component that boxes itself for ever.
        (**self).clone_box()
    }
}

/// Makes a node of a component from outside the catalogue: what stands in its descriptor's `build`.
///
/// ```ignore
/// static DESCRIPTOR: Descriptor = Descriptor { kind: "coin_gate", build: Some(custom::<CoinGate>), /* … */ };
/// ```
#[must_use]
pub fn custom<C: Component + std::fmt::Debug + Send + Sync + 'static>(values: &Values) -> Option<AnyComponent> {
    Some(AnyComponent::Custom(Box::new(C::new(C::Config::from_values(values)?))))
}

/// One table, one line for each component: the enum (static dispatch, `Clone`), its behaviour, and the catalogue.
macro_rules! components {
    ($( $module:ident :: $name:ident ),* $(,)?) => {
        /// Any built-in component.
        #[derive(Clone, Debug)]
        #[repr(u32)]
        #[allow(clippy::large_enum_variant, reason = "it stands in place, because every event of the node touches it")]
        pub enum AnyComponent { $(
            #[doc = concat!("`", stringify!($module), "`")]
            $name($module::$name),
        )*
            /// One of the user's own, behind a pointer.
            Custom(Box<dyn DynComponent>),
        }

        static CATALOGUE: &[&Descriptor] = &[ $( <$module::$name as Component>::DESCRIPTOR ),* ];

        impl AnyComponent {
            /// A component as `descriptor` says, with complete `values`; `None` when a value is missing.
            #[must_use]
            pub fn build(descriptor: &Descriptor, values: &Values) -> Option<AnyComponent> {
                if let Some(build) = descriptor.build {
                    return build(values);
                }
                let kind = descriptor.kind;
                $( if kind == <$module::$name as Component>::DESCRIPTOR.kind {
                    let config = <<$module::$name as Component>::Config as Params>::from_values(values)?;
                    return Some(AnyComponent::$name(<$module::$name as Component>::new(config)));
                } )*
                None
            }

            /// What does not go together in complete `values`, each as it may be.
            #[must_use]
            pub fn check(descriptor: &Descriptor, values: &Values) -> Vec<$crate::component::Objection> {
                let kind = descriptor.kind;
                $( if descriptor.build.is_none() && kind == <$module::$name as Component>::DESCRIPTOR.kind {
                    let config = <<$module::$name as Component>::Config as Params>::from_values(values);
                    return config.map_or_else(Vec::new, |config| <$module::$name as Component>::check(&config));
                } )*
                Vec::new()
            }

            /// What in complete `values` does not fit those whom the node calls.
            #[must_use]
            pub fn check_callees(
                descriptor: &Descriptor,
                values: &Values,
                callees: &[&str],
            ) -> Vec<$crate::component::Objection> {
                let kind = descriptor.kind;
                $( if descriptor.build.is_none() && kind == <$module::$name as Component>::DESCRIPTOR.kind {
                    let config = <<$module::$name as Component>::Config as Params>::from_values(values);
                    let check = |config| <$module::$name as Component>::check_callees(&config, callees);
                    return config.map_or_else(Vec::new, check);
                } )*
                Vec::new()
            }

            /// How it stands, for people.
            #[must_use]
            pub fn status(&self, now: Time, waits: &dyn Fn(CallId) -> bool) -> Status {
                match self {
                    $( AnyComponent::$name(c) => Component::status(c, now, waits), )*
                    AnyComponent::Custom(c) => c.status(now, waits),
                }
            }

        }

        impl Model for AnyComponent {
            type Message = Message;
            type Control = Directive;
            fn on_start(&mut self, cx: &mut Cx<'_>) {
                match self {
                    $( AnyComponent::$name(c) => Component::on_start(c, cx), )*
                    AnyComponent::Custom(c) => c.on_start(cx),
                }
            }
            fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
                match self {
                    $( AnyComponent::$name(c) => Component::on_call(c, call, cx), )*
                    AnyComponent::Custom(c) => c.on_call(call, cx),
                }
            }
            #[inline(always)]
            fn on_arrival(&mut self, arrival: Arrival, cx: &mut Cx<'_>) {
                match self {
                    $( AnyComponent::$name(c) => Component::on_arrival(c, arrival, cx), )*
                    AnyComponent::Custom(c) => c.on_call(arrival.call, cx),
                }
            }
            fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
                self.on_answer(|| reply, cx);
            }
            #[inline(always)]
            fn on_answer(&mut self, reply: impl FnOnce() -> Reply, cx: &mut Cx<'_>) {
                match self {
                    $( AnyComponent::$name(c) => Component::on_reply(c, reply(), cx), )*
                    AnyComponent::Custom(c) => c.on_reply(reply(), cx),
                }
            }
            fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
                match self {
                    $( AnyComponent::$name(c) => Component::on_cancel(c, call, cx), )*
                    AnyComponent::Custom(c) => c.on_cancel(call, cx),
                }
            }
            #[inline]
            fn on_timer(&mut self, timer: TimerId, tag: u64, cx: &mut Cx<'_>) {
                match self {
                    $( AnyComponent::$name(c) => Component::on_timer(c, timer, tag, cx), )*
                    AnyComponent::Custom(c) => c.on_timer(timer, tag, cx),
                }
            }
            #[inline(always)]
            fn on_served(&mut self, call: CallId, tag: u32, cx: &mut Cx<'_>) {
                match self {
                    $( AnyComponent::$name(c) => Component::on_served(c, call, tag, cx), )*
                    AnyComponent::Custom(c) => c.on_served(call, tag, cx),
                }
            }
            #[inline(always)]
            fn on_tick(&mut self, cx: &mut Cx<'_>) {
                match self {
                    $( AnyComponent::$name(c) => Component::on_tick(c, cx), )*
                    AnyComponent::Custom(c) => c.on_tick(cx),
                }
            }
            fn on_message(&mut self, link: LinkId, message: Message, cx: &mut Cx<'_>) {
                match self {
                    $( AnyComponent::$name(c) => Component::on_message(c, link, message, cx), )*
                    AnyComponent::Custom(c) => c.on_message(link, message, cx),
                }
            }
            fn heap_bytes(&self) -> usize {
                match self {
                    $( AnyComponent::$name(c) => Component::heap_bytes(c), )*
                    AnyComponent::Custom(c) => c.heap_bytes(),
                }
            }
            fn on_control(&mut self, control: &Directive, cx: &mut Cx<'_>) {
                match self {
                    $( AnyComponent::$name(c) => crate::component::direct(c, control, cx), )*
                    AnyComponent::Custom(c) => c.on_control(control, cx),
                }
            }
            fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>) {
                match self {
                    $( AnyComponent::$name(c) => Component::on_link(c, change, cx), )*
                    AnyComponent::Custom(c) => c.on_link(change, cx),
                }
            }
            fn on_removed(&mut self, cx: &mut Cx<'_>) {
                match self {
                    $( AnyComponent::$name(c) => Component::on_removed(c, cx), )*
                    AnyComponent::Custom(c) => c.on_removed(cx),
                }
                [slot::USED, slot::CAPACITY, slot::QUEUE].into_iter().for_each(|slot| cx.gauge(slot, 0));
            }
        }
    };
}
pub(crate) use components;

pub(crate) fn direct<C: Component>(component: &mut C, directive: &Directive, cx: &mut Cx<'_>) {
    match directive {
        Directive::Configure(values) => {
            // Values were checked against the descriptor when they were read, so they always convert.
            if let Some(config) = C::Config::from_values(values) {
                component.on_configure(config, cx);
            }
        }
        Directive::Fault(fault, values) => component.on_fault(fault, values, cx),
        Directive::Heal(fault) => component.on_heal(fault, cx),
    }
}
