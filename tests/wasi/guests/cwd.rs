// Prints the file each argument names, or why it cannot; lists the directory it is in.
use std::{env, fs};

fn main() {
    for path in env::args().skip(1) {
        match fs::read_to_string(&path) {
            Ok(text) => print!("{}", text),
            Err(error) => println!("{}: {:?}", path, error.kind()),
        }
    }
    fs::write("made", "made\n").unwrap();
    let mut names: Vec<_> = fs::read_dir(".")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    println!("{}", names.join(" "));
}
