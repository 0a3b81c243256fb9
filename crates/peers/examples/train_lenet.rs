//! Trains the network as the book's chapter *A network* does, with the same seeds, and writes its weights:
//! `cargo run --release --example train_lenet`. The last bits depend on the processor's instructions.

use std::error::Error;

use convcore::nn::{Module, state};
use convcore::optim::Adam;
use convcore::{cross_entropy, idx, safetensors, seeded};
use peers::lenet;

fn main() -> Result<(), Box<dyn Error>> {
    let images = idx::read_images(sample_data::train_images())?.reshape(&[10_000, 1, 28, 28]);
    let labels = idx::read_labels(sample_data::train_labels())?;
    let mut network = lenet::convcore::lenet(&mut seeded(1))?;
    let mut optimiser = Adam::new(0.003);
    let mut rng = seeded(2);
    for epoch in 0..8 {
        optimiser.set_lr(0.003 * 0.75_f32.powi(epoch));
        let mut sum = 0.0;
        for batch in rng.permutation(10_000).chunks(64) {
            let targets: Vec<usize> = batch.iter().map(|&image| labels[image]).collect();
            let logits = network.forward(&images.index_select(0, batch));
            let loss = cross_entropy(&logits, &targets);
            network.zero_grad();
            loss.backward();
            optimiser.step(&mut network);
            sum += loss.item();
        }
        println!("epoch {}: loss {:.4}", epoch + 1, sum / 157.0);
    }
    let file = lenet::weights();
    safetensors::save(&file, &state(&network))?;
    println!("written: {}", file.display());
    Ok(())
}
