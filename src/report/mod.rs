//! What reports are made of: pages for people and plots.

pub(crate) mod chart;
pub mod html;
