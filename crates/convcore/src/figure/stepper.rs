//! A figure that can be stepped through: grids side by side, a window that moves over them, and the products of each step
//! written out. A page makes it move; a notebook and a printed page show its first step and the whole result.
