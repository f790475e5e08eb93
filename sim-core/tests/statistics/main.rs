//! Whether what is drawn is as random as it has to be: the generator with its keys and lineages, and the samplers on it.
//!
//! All through public interfaces, with keys and lineages derived as nodes derive them.

mod generator;
#[expect(unreachable_pub, reason = "a module of the integration tests' library, used here too")]
#[path = "../../../tests/src/p_values.rs"]
mod p_values;
mod samplers;
