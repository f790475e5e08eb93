//! Deterministic simulation of web architectures under overload.
