//! Accuracy, measured: protocols that turn a manifest with known answers into published figures.

pub mod schreger;
