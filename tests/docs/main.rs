//! What people read and copy: the pages, the guide, the scripts and the batch files that come along.

mod batch_files;
mod guide;
mod pages;
mod scripts;
