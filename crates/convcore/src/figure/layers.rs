//! Layered layout of a graph (after Sugiyama, Tagawa and Toda, 1981): boxes in rows, inputs above what uses them, few crossings.

const BETWEEN_LAYERS: f32 = 42.0;
const BETWEEN_BOXES: f32 = 22.0;
/// What an edge takes that passes a layer by.
const PASSING: f32 = 10.0;
const SWEEPS: usize = 8;

/// Where everything is.
pub(super) struct Layout {
    pub(super) width: f32,
    pub(super) height: f32,
    /// The middle of each box's upper side.
    pub(super) tops: Vec<(f32, f32)>,
    /// The points that each edge runs through, from an input to what uses it.
    pub(super) edges: Vec<Vec<(f32, f32)>>,
}

/// What stands in a layer: a box, or the place where a long edge passes.
struct Place {
    layer: usize,
    width: f32,
    height: f32,
    /// The places above and below that it is joined to.
    above: Vec<usize>,
    below: Vec<usize>,
    x: f32,
}

/// Lays boxes out that have these sizes and inputs; inputs come before what uses them.
pub(super) fn lay_out(sizes: &[(f32, f32)], inputs: &[Vec<usize>]) -> Layout {
    let layers = layers(inputs);
    let mut places: Vec<Place> = sizes
        .iter()
        .zip(&layers)
        .map(|(&(width, height), &layer)| Place {
            layer,
            width,
            height,
            above: Vec::new(),
            below: Vec::new(),
            x: 0.0,
        })
        .collect();

    // A long edge passes each layer between its ends.
    let mut chains: Vec<Vec<usize>> = Vec::new();
    for (node, inputs) in inputs.iter().enumerate() {
        for &input in inputs {
            let mut chain = vec![input];
            for layer in layers[input] + 1..layers[node] {
                places.push(Place {
                    layer,
                    width: PASSING,
                    height: 0.0,
                    above: Vec::new(),
                    below: Vec::new(),
                    x: 0.0,
                });
                chain.push(places.len() - 1);
            }
            chain.push(node);
            for pair in chain.windows(2) {
                places[pair[0]].below.push(pair[1]);
                places[pair[1]].above.push(pair[0]);
            }
            chains.push(chain);
        }
    }

    let mut rows: Vec<Vec<usize>> =
        vec![Vec::new(); layers.iter().max().map_or(0, |last| last + 1)];
    for (index, place) in places.iter().enumerate() {
        rows[place.layer].push(index);
    }
    order(&mut rows, &places);
    spread(&rows, &mut places);

    let left = places
        .iter()
        .map(|place| place.x - place.width / 2.0)
        .fold(f32::INFINITY, f32::min);
    let right = places
        .iter()
        .map(|place| place.x + place.width / 2.0)
        .fold(f32::NEG_INFINITY, f32::max);
    let mut tops = vec![0.0; rows.len()];
    let mut heights = vec![0.0; rows.len()];
    let mut height = 0.0;
    for (row, indices) in rows.iter().enumerate() {
        tops[row] = height;
        heights[row] = indices
            .iter()
            .map(|&index| places[index].height)
            .fold(0.0, f32::max);
        height += heights[row] + BETWEEN_LAYERS;
    }

    // Boxes hang in the middle of their row.
    let top = |place: &Place| tops[place.layer] + (heights[place.layer] - place.height) / 2.0;
    let edges = chains
        .iter()
        .enumerate()
        .map(|(edge, chain)| {
            let (first, last) = (
                &places[chain[0]],
                &places[*chain.last().expect("an edge has ends")],
            );
            let mut points = vec![(first.x - left, top(first) + first.height)];
            for &passed in &chain[1..chain.len() - 1] {
                let place = &places[passed];
                points.push((place.x - left, tops[place.layer]));
                points.push((place.x - left, tops[place.layer] + heights[place.layer]));
            }
            points.push((last.x - left + port(edge, &chains, &places), top(last)));
            points
        })
        .collect();
    let boxes = places[..sizes.len()]
        .iter()
        .map(|place| (place.x - left, top(place)))
        .collect();
    Layout {
        width: right - left,
        height: height - BETWEEN_LAYERS,
        tops: boxes,
        edges,
    }
}

/// The layer of each box: below all its inputs. Leaves stand just above what first uses them.
fn layers(inputs: &[Vec<usize>]) -> Vec<usize> {
    let mut layers = vec![0; inputs.len()];
    for (node, inputs) in inputs.iter().enumerate() {
        layers[node] = inputs
            .iter()
            .map(|&input| layers[input] + 1)
            .max()
            .unwrap_or(0);
    }
    for leaf in (0..inputs.len()).filter(|&node| inputs[node].is_empty()) {
        let users = (0..inputs.len()).filter(|&node| inputs[node].contains(&leaf));
        if let Some(first) = users.map(|user| layers[user]).min() {
            layers[leaf] = first - 1;
        }
    }
    layers
}

/// Orders each row by the middle of the neighbours, down and up again, so that few edges cross.
fn order(rows: &mut [Vec<usize>], places: &[Place]) {
    let mut position = vec![0.0; places.len()];
    let note = |row: &[usize], position: &mut [f32]| {
        for (at, &index) in row.iter().enumerate() {
            // Halves of rows match: a row of one stands in the middle.
            position[index] = (at as f32 + 0.5) / row.len() as f32;
        }
    };
    rows.iter().for_each(|row| note(row, &mut position));
    for sweep in 0..SWEEPS {
        let downward = sweep % 2 == 0;
        let count = rows.len();
        for step in 0..count {
            let row = &mut rows[if downward { step } else { count - 1 - step }];
            let middle = |index: usize| {
                let neighbours = if downward {
                    &places[index].above
                } else {
                    &places[index].below
                };
                if neighbours.is_empty() {
                    position[index]
                } else {
                    mean(neighbours.iter().map(|&other| position[other]))
                }
            };
            let mut keyed: Vec<(f32, usize)> =
                row.iter().map(|&index| (middle(index), index)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            *row = keyed.into_iter().map(|(_, index)| index).collect();
            note(row, &mut position);
        }
    }
}

/// Moves each box towards the middle of its neighbours, as far as the others in its row let it.
fn spread(rows: &[Vec<usize>], places: &mut [Place]) {
    for row in rows {
        let total: f32 = row
            .iter()
            .map(|&index| places[index].width + BETWEEN_BOXES)
            .sum();
        let mut x = -total / 2.0;
        for &index in row {
            places[index].x = x + (places[index].width + BETWEEN_BOXES) / 2.0;
            x += places[index].width + BETWEEN_BOXES;
        }
    }
    for sweep in 0..4 * SWEEPS {
        let count = rows.len();
        for step in 0..count {
            let row = &rows[if sweep % 2 == 0 {
                step
            } else {
                count - 1 - step
            }];
            let wanted: Vec<f32> = row
                .iter()
                .map(|&index| {
                    let place = &places[index];
                    let neighbours = place.above.iter().chain(&place.below);
                    if place.above.is_empty() && place.below.is_empty() {
                        place.x
                    } else {
                        mean(neighbours.map(|&other| places[other].x))
                    }
                })
                .collect();
            let apart = |left: usize, right: usize| {
                (places[left].width + places[right].width) / 2.0 + BETWEEN_BOXES
            };
            // As far left as allowed, and as far right: the mean of both keeps the distances.
            let (mut leftmost, mut rightmost) = (wanted.clone(), wanted);
            for at in 1..row.len() {
                leftmost[at] = leftmost[at].max(leftmost[at - 1] + apart(row[at - 1], row[at]));
            }
            for at in (1..row.len()).rev() {
                rightmost[at - 1] =
                    rightmost[at - 1].min(rightmost[at] - apart(row[at - 1], row[at]));
            }
            for (at, &index) in row.iter().enumerate() {
                places[index].x = (leftmost[at] + rightmost[at]) / 2.0;
            }
        }
    }
}

/// How far from the middle of its box an edge arrives: the edges of a box arrive side by side, in the order in which they come.
fn port(edge: usize, chains: &[Vec<usize>], places: &[Place]) -> f32 {
    let target = *chains[edge].last().expect("an edge has ends");
    let mut arriving: Vec<usize> = (0..chains.len())
        .filter(|&other| chains[other].last() == Some(&target))
        .collect();
    let comes_from = |edge: usize| places[chains[edge][chains[edge].len() - 2]].x;
    arriving.sort_by(|&a, &b| comes_from(a).total_cmp(&comes_from(b)).then(a.cmp(&b)));
    let at = arriving
        .iter()
        .position(|&other| other == edge)
        .expect("the edge arrives there");
    (at as f32 - (arriving.len() - 1) as f32 / 2.0) * 18.0
}

fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / count as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_stand_above_what_uses_them_and_boxes_do_not_overlap() {
        // A diamond with a long edge and a leaf that is used late.
        let inputs = vec![vec![], vec![0], vec![0], vec![1, 2], vec![], vec![3, 4, 0]];
        let sizes = vec![(80.0, 60.0); inputs.len()];
        let layout = lay_out(&sizes, &inputs);
        for (node, inputs) in inputs.iter().enumerate() {
            for &input in inputs {
                assert!(
                    layout.tops[input].1 + 60.0 < layout.tops[node].1,
                    "{input} is not above {node}"
                );
            }
        }
        for (first, second) in
            (0..6).flat_map(|first| (0..first).map(move |second| (first, second)))
        {
            let (a, b) = (layout.tops[first], layout.tops[second]);
            assert!(
                (a.0 - b.0).abs() >= 80.0 || (a.1 - b.1).abs() >= 60.0,
                "{first} overlaps {second}"
            );
        }
        assert_eq!(layout.edges.len(), 7);
        assert!(
            layout
                .tops
                .iter()
                .all(|&(x, _)| x >= 40.0 && x <= layout.width - 40.0 + 0.01)
        );
    }
}
