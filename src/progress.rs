//! How far long work has come, told to whoever wants to know.

use std::fmt;

/// A part of the work that takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Photographs are read, scored and put into the study's index.
    Photographs,
    /// Copies of every photograph are made, scored and searched.
    Copies,
    /// Questions are asked of the index.
    Questions,
    /// The lattice is read.
    Lattices,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Photographs => "pictures read",
            Self::Copies => "photographs transformed",
            Self::Questions => "questions",
            Self::Lattices => "lattices read",
        })
    }
}

/// Hears how far the work has come. Stages follow one another; steps come from any thread.
pub trait Progress: Sync {
    /// A stage of `steps` steps begins.
    fn begin(&self, stage: Stage, steps: usize);
    /// One step of the stage is done.
    fn step(&self);
    /// The stage is over.
    fn end(&self);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: usize) {}
    fn step(&self) {}
    fn end(&self) {}
}
