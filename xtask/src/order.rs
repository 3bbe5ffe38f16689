//! The order of a WASM file's functions: like beside like, so that compression finds what repeats close by.

use std::collections::HashMap;

use crate::failure::{Failure, Outcome};
use crate::wasm::Module;

/// How many bytes count as a phrase that two functions may share.
const PHRASE: usize = 4;

/// `wasm` with its functions in another order, and without the notes of the tools that made it.
pub fn ordered(wasm: &[u8]) -> Outcome<Vec<u8>> {
    let made = Module::read(wasm).and_then(|module| {
        let shapes = module.shapes()?;
        module.written(&like_beside_like(module.types(), &shapes))
    });
    made.ok_or_else(|| {
        Failure::new("a WASM file of the app cannot be read: is wasm-opt of another version?")
    })
}

/// Functions of one type stay together; among them each is followed by the one that shares most with it.
fn like_beside_like(types: &[usize], shapes: &[Vec<u8>]) -> Vec<usize> {
    let phrases: Vec<Vec<&[u8]>> = shapes.iter().map(|shape| phrases(shape)).collect();
    let mut holders: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (function, phrases) in phrases.iter().enumerate() {
        for phrase in phrases {
            holders.entry(phrase).or_default().push(function);
        }
    }
    let mut starts: Vec<usize> = (0..shapes.len()).collect();
    starts.sort_by_key(|function| (types.get(*function), shapes.get(*function)));
    let mut is_placed = vec![false; shapes.len()];
    let mut shared = vec![0.0; shapes.len()];
    let mut order = Vec::with_capacity(shapes.len());
    for start in starts {
        let mut next = Some(start).filter(|start| !is_placed[*start]);
        while let Some(function) = next {
            is_placed[function] = true;
            order.push(function);
            let mut touched = Vec::new();
            for phrase in &phrases[function] {
                let holders = holders.get(phrase).map_or(&[][..], Vec::as_slice);
                let weight = rarity(holders.len());
                for other in holders {
                    if !is_placed[*other] && types[*other] == types[function] {
                        if shared[*other] == 0.0 {
                            touched.push(*other);
                        }
                        shared[*other] += weight;
                    }
                }
            }
            let mut best = (0.0, None);
            for other in touched {
                let length = phrases[other].len() + phrases[function].len();
                let likeness = std::mem::take(&mut shared[other]) / as_float(length);
                if likeness > best.0 {
                    best = (likeness, Some(other));
                }
            }
            next = best.1;
        }
    }
    order
}

/// What a shared phrase counts: the less, the more functions hold it. The power was found by trying.
fn rarity(holders: usize) -> f64 {
    as_float(holders).powf(-0.3)
}

fn as_float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The different phrases of a function.
fn phrases(shape: &[u8]) -> Vec<&[u8]> {
    let mut phrases: Vec<&[u8]> = shape.windows(PHRASE).collect();
    phrases.sort_unstable();
    phrases.dedup();
    phrases
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::wasm::tests::module;

    #[test]
    fn like_functions_come_together_within_their_type() {
        let shapes: Vec<Vec<u8>> = ["aaaabbbb", "zzzzyyyy", "aaaabbbc", "zzzzyyyx", "aaaabbbb"]
            .iter()
            .map(|shape| shape.as_bytes().to_vec())
            .collect();
        assert_eq!(like_beside_like(&[0, 0, 0, 0, 1], &shapes), [0, 2, 3, 1, 4]);
    }

    #[test]
    fn no_function_is_lost() {
        let wasm = module(&[&[0x0b], &[0x01, 0x0b], &[0x10, 0, 0x0b]]);
        let made = ordered(&wasm).unwrap();
        assert_eq!(Module::read(&made).unwrap().types().len(), 3);
    }

    #[test]
    fn a_file_that_is_no_wasm_is_an_error() {
        assert!(ordered(b"\0asm").is_err());
    }
}
