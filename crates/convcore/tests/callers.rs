//! A mistake in the calling program panics at its own line, with the operation and the shapes.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};

use convcore::nn::{Conv2d, Flatten, Linear, MaxPool2d, Module, Sequential};
use convcore::optim::{Adam, Sgd};
use convcore::{
    Conv2dOptions, Geometry, Tensor, avg_pool2d, conv2d, conv2d_true, corr2d, cross_entropy,
    linear, max_pool2d, mse_loss, no_grad, seeded,
};

thread_local! {
    /// File, line and text of the last panic of this thread.
    static SEEN: RefCell<(String, u32, String)> = RefCell::default();
}

/// Runs `f`, which must panic with this text at a line of this file, at most a few after `line`.
fn expect_panic(line: u32, wanted: &str, f: impl FnOnce()) {
    panic::set_hook(Box::new(|info| {
        let location = info.location().expect("a location");
        let text = info.payload_as_str().unwrap_or_default().to_owned();
        SEEN.set((location.file().to_owned(), location.line(), text));
    }));
    let outcome = panic::catch_unwind(AssertUnwindSafe(f));
    let _ = panic::take_hook();
    assert!(outcome.is_err(), "line {line} does not panic");
    let (file, at, text) = SEEN.take();
    assert!(text.contains(wanted), "line {line} panics with: {text}");
    assert!(
        file.ends_with("callers.rs") && (line..line + 4).contains(&at),
        "line {line} panics at {file}:{at}"
    );
}

macro_rules! panics {
    ($call:expr, $wanted:expr) => {
        expect_panic(line!(), $wanted, || {
            let _ = $call;
        });
    };
}

#[test]
fn every_mistake_is_reported_at_the_callers_line() {
    let rng = &mut seeded(1);
    let (a, b) = (Tensor::zeros(&[2, 3]), Tensor::zeros(&[2]));
    let image = Tensor::zeros(&[1, 2, 5, 5]);
    let weight = Tensor::zeros(&[3, 4, 3, 3]);
    let conv = Conv2d::new(4, 3, 3).build(rng).unwrap();
    let pool = MaxPool2d::new(6).build().unwrap();
    let fc = Linear::new(4, 2).build(rng).unwrap();
    let model = Sequential::new()
        .add("conv1", conv.clone())
        .add("flatten", Flatten::new());
    let nested = Sequential::new().add("body", Sequential::new().add("fc", fc.clone()));
    let tracked = b.clone().requires_grad();
    let plus_one = || &tracked + 1.;
    let mut results = [plus_one(), plus_one()];
    let options = Conv2dOptions::new();

    panics!(&a + &b, "add: shapes [2, 3] and [2] do not broadcast");
    panics!(
        a.clone() - b.clone(),
        "sub: shapes [2, 3] and [2] do not broadcast"
    );
    panics!(
        &a * b.clone(),
        "mul: shapes [2, 3] and [2] do not broadcast"
    );
    panics!(
        a.clone() / &b,
        "div: shapes [2, 3] and [2] do not broadcast"
    );
    panics!(
        {
            let mut sum = a.clone();
            sum += &b;
        },
        "add: shapes [2, 3] and [2] do not broadcast"
    );
    panics!(
        [&a].map(|a| a + &b),
        "add: shapes [2, 3] and [2] do not broadcast"
    );
    panics!(
        no_grad(|| &a + &b),
        "add: shapes [2, 3] and [2] do not broadcast"
    );
    panics!(a[[2, 0]], "index [2, 0] lies outside shape [2, 3]");
    panics!(a[0], "index [0] lies outside shape [2, 3]");
    panics!(a.item(), "item: shape [2, 3] has 6 elements, not one");
    panics!(a.matmul(&a), "matmul: shapes [2, 3] and [2, 3] do not fit");
    panics!(
        a.reshape(&[4]),
        "reshape: shape [2, 3] has 6 elements, shape [4] has not"
    );
    panics!(a.flatten(3), "flatten: shape [2, 3] has no axis 3");
    panics!(b.transpose(), "transpose: shape [2]");
    panics!(
        a.permute(&[0]),
        "permute: [0] is no order of the axes of shape [2, 3]"
    );
    panics!(
        a.slice(1, 2..4),
        "slice: 2..4 does not lie on axis 1 of shape [2, 3]"
    );
    panics!(
        a.select(0, 2),
        "select: axis 0 of shape [2, 3] has no position 2"
    );
    panics!(
        a.index_select(0, &[2]),
        "index_select: axis 0 of shape [2, 3] has no position 2"
    );
    panics!(a.flip(2), "flip: shape [2, 3] has no axis 2");
    panics!(b.pad2d(1), "pad2d: shape [2]");
    panics!(a.pad2d(usize::MAX), "pad2d: a padding of");
    panics!(a.sum_axis(2), "sum_axis: shape [2, 3] has no axis 2");
    panics!(a.mean_axis(2), "mean_axis: shape [2, 3] has no axis 2");
    panics!(a.argmax(2), "argmax: shape [2, 3] has no axis 2");
    panics!(a.softmax(2), "softmax: shape [2, 3] has no axis 2");
    panics!(Tensor::zeros(&[0]).max(), "max: shape [0] has no element");
    panics!(Tensor::zeros(&[0]).min(), "min: shape [0] has no element");
    panics!(
        Tensor::concatenate(&[&a, &b], 0),
        "concatenate: shapes [2, 3] and [2] differ"
    );
    panics!(
        Tensor::stack(&[&a, &b], 0),
        "stack: shapes [2, 3] and [2] differ"
    );
    panics!(
        Tensor::new(&[2, 2], vec![1.]),
        "new: shape [2, 2] does not hold 1 values"
    );
    panics!(
        Tensor::zeros(&[usize::MAX, 2]),
        "is larger than memory can be"
    );
    panics!(
        Tensor::randn(&[usize::MAX, 2], &mut seeded(1)),
        "is larger than memory can be"
    );
    panics!(
        a.backward(),
        "backward: shape [2, 3] is not a single number"
    );
    panics!(
        a.backward_with(&b),
        "backward_with: the upstream gradient has shape [2], the tensor [2, 3]"
    );
    panics!(
        b.sum().backward(),
        "nothing that this tensor was computed from requires a gradient"
    );
    panics!(
        results[0].update(|_| ()),
        "update: the tensor is the result of \"add\""
    );
    panics!(
        corr2d(&b, &a),
        "corr2d: input [2] and kernel [2, 3] must be two matrices"
    );
    panics!(
        corr2d(&a, &Tensor::zeros(&[3, 3])),
        "corr2d: kernel [3, 3] does not fit on input [2, 3]"
    );
    panics!(
        conv2d_true(&a, &Tensor::zeros(&[3, 3])),
        "corr2d: kernel [3, 3] does not fit on input [2, 3]"
    );
    panics!(
        conv2d(&image, &weight, None, options),
        "conv2d: input has 2 channels, weight [3, 4, 3, 3] with groups 1 expects 4"
    );
    panics!(
        conv2d(&image, &weight, None, options.groups(2)),
        "3 filters, which 2 groups do not divide"
    );
    panics!(
        conv2d(&a, &weight, None, options),
        "conv2d: input [2, 3] must be [images, channels, height, width]"
    );
    panics!(
        max_pool2d(&image, Geometry::pooling(6)),
        "max_pool2d: the kernel's height 6 is larger than the padded input's 5"
    );
    panics!(
        avg_pool2d(&a, Geometry::pooling(2), true),
        "avg_pool2d: input [2, 3] must be"
    );
    panics!(
        Geometry::new(6).window([0, 0], [5, 5]),
        "the kernel's height 6 is larger"
    );
    panics!(
        linear(&a, &weight, None),
        "linear: input [2, 3] must be [rows, features], weight [3, 4, 3, 3]"
    );
    panics!(
        cross_entropy(&a, &[0, 3]),
        "cross_entropy: target 3 is none of the 3 classes of logits [2, 3]"
    );
    panics!(
        mse_loss(&a, &b),
        "mse_loss: prediction [2, 3] and target [2] differ in shape"
    );
    panics!(
        conv.forward(&image),
        "conv2d: input has 2 channels, weight [3, 4, 3, 3] with groups 1 expects 4"
    );
    panics!(
        pool.forward(&image),
        "max_pool2d: the kernel's height 6 is larger"
    );
    panics!(
        fc.forward(&a),
        "linear: input [2, 3] has 3 features, weight [2, 4] expects 4"
    );
    panics!(
        model.forward(&image),
        "layer conv1: conv2d: input has 2 channels"
    );
    panics!(
        nested.forward(&a),
        "layer body.fc: linear: input [2, 3] has 3 features"
    );
    panics!(
        Sgd::new(-1.),
        "Sgd: the learning rate -1 must be finite and at least 0"
    );
    panics!(
        Adam::new(f32::NAN),
        "Adam: the learning rate NaN must be finite"
    );
    panics!(Adam::new(0.1).betas(1., 0.9), "Adam: betas 1 and 0.9");
    panics!(seeded(1).below(0), "below: there is no number below 0");
}
