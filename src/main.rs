//! The faunalens command.

fn main() {}
