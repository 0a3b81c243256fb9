//! candle, on the processor.

use std::path::Path;

use candle_core::{Device, Tensor, Var};
use convcore::{Geometry, safetensors};

use crate::work::{Kind, Pass, Work};
use crate::{Cannot, Ready, Result, Tensors};

pub(crate) fn prepare(work: &Work, file: &Path) -> Result<Box<dyn Ready>> {
    let data = safetensors::load(file)?;
    let layer = match work.kind {
        // The gradient of its maximum pooling is not the right one: the test below.
        Kind::LeNet => return Ok(Box::new(Cannot)),
        Kind::Convolution {
            input,
            geometry,
            groups,
            ..
        } => {
            // The same for rows and columns is all that it has.
            let equal = |[down, across]: [usize; 2]| (down == across).then_some(down);
            let Geometry {
                stride,
                padding,
                dilation,
                ..
            } = geometry;
            let (Some(stride), Some(padding), Some(dilation)) =
                (equal(stride), equal(padding), equal(dilation))
            else {
                return Ok(Box::new(Cannot));
            };
            Layer::Convolution {
                weight: Var::from_tensor(&tensor(&data["weight"])?)?,
                bias: Var::from_tensor(&tensor(&data["bias"])?)?,
                stride,
                padding,
                dilation,
                groups,
                left: [0, 1].map(|axis| {
                    let reach = dilation * (geometry.kernel[axis] - 1) + 1;
                    (input[2 + axis] + 2 * padding - reach) % stride
                }),
            }
        }
        Kind::MaxPool { geometry, .. } => Layer::MaxPool(geometry),
        Kind::AveragePool { geometry, .. } => Layer::AveragePool(geometry),
    };
    let x = tensor(&data["x"])?;
    let learned = match work.kind {
        Kind::Convolution {
            input_gradient: false,
            ..
        } => None,
        _ => Some(Var::from_tensor(&x)?),
    };
    Ok(Box::new(Operation {
        x,
        learned,
        layer,
        upstream: tensor(&data["upstream"])?,
    }))
}

fn tensor(tensor: &convcore::Tensor) -> candle_core::Result<Tensor> {
    Tensor::from_slice(tensor.as_slice(), tensor.shape(), &Device::Cpu)
}

fn result(tensor: &Tensor) -> Result<convcore::Tensor> {
    let values = tensor.flatten_all()?.to_vec1::<f32>()?;
    Ok(convcore::Tensor::new(tensor.dims(), values))
}

enum Layer {
    Convolution {
        weight: Var,
        bias: Var,
        stride: usize,
        padding: usize,
        dilation: usize,
        groups: usize,
        /// How many rows and columns are left after the last window.
        left: [usize; 2],
    },
    MaxPool(Geometry),
    AveragePool(Geometry),
}

impl Layer {
    /// `detached` records no history.
    fn forward(&self, x: &Tensor, detached: bool) -> candle_core::Result<Tensor> {
        match self {
            Layer::Convolution {
                weight,
                bias,
                stride,
                padding,
                dilation,
                groups,
                ..
            } => {
                let parameter = |var: &Var| match detached {
                    true => var.as_detached_tensor(),
                    false => var.as_tensor().clone(),
                };
                x.conv2d(&parameter(weight), *padding, *stride, *dilation, *groups)?
                    .broadcast_add(&parameter(bias).reshape((1, (), 1, 1))?)
            }
            Layer::MaxPool(geometry) => padded(x, geometry.padding, f32::NEG_INFINITY)?
                .max_pool2d_with_stride(pair(geometry.kernel), pair(geometry.stride)),
            Layer::AveragePool(geometry) => padded(x, geometry.padding, 0.0)?
                .avg_pool2d_with_stride(pair(geometry.kernel), pair(geometry.stride)),
        }
    }
}

fn pair([down, across]: [usize; 2]) -> (usize, usize) {
    (down, across)
}

/// The images with a border: candle's poolings have no padding.
fn padded(x: &Tensor, padding: [usize; 2], value: f32) -> candle_core::Result<Tensor> {
    let mut x = x.clone();
    for (axis, width) in [2, 3].into_iter().zip(padding) {
        let mut shape = x.dims().to_vec();
        shape[axis] = width;
        let border = Tensor::full(value, shape, x.device())?;
        x = Tensor::cat(&[&border, &x, &border], axis)?;
    }
    Ok(x)
}

struct Operation {
    x: Tensor,
    /// The input, where its gradient is wanted.
    learned: Option<Var>,
    layer: Layer,
    upstream: Tensor,
}

impl Operation {
    fn with_history(&self) -> candle_core::Result<Tensor> {
        let x = self.learned.as_ref().map_or(&self.x, Var::as_tensor);
        self.layer.forward(x, false)
    }
}

impl Ready for Operation {
    fn passes(&self) -> Vec<Pass> {
        match &self.layer {
            // Its backward pass gives as many columns back as rows.
            Layer::Convolution {
                left: [rows, columns],
                ..
            } if rows != columns => {
                vec![Pass::Forward]
            }
            // And it asks for windows that do not overlap.
            Layer::MaxPool(Geometry { kernel, stride, .. })
            | Layer::AveragePool(Geometry { kernel, stride, .. })
                if kernel != stride =>
            {
                vec![Pass::Forward]
            }
            _ => vec![Pass::Forward, Pass::Gradients],
        }
    }

    fn results(&mut self) -> Result<Tensors> {
        let y = self.layer.forward(&self.x, true)?;
        let mut results = Tensors::from([("y".to_owned(), result(&y)?)]);
        if self.passes().contains(&Pass::Gradients) {
            let gradients = (self.with_history()? * &self.upstream)?
                .sum_all()?
                .backward()?;
            let parameters = match &self.layer {
                Layer::Convolution { weight, bias, .. } => [Some(weight), Some(bias)],
                _ => [None, None],
            };
            let inputs = [self.learned.as_ref()].into_iter().chain(parameters);
            for (at, input) in inputs.enumerate() {
                if let Some(input) = input {
                    let gradient = gradients.get(input).ok_or("a gradient is missing")?;
                    results.insert(format!("gradient {at}"), result(gradient)?);
                }
            }
        }
        Ok(results)
    }

    fn run(&mut self, pass: Pass) -> Result<()> {
        if pass == Pass::Forward {
            self.layer.forward(&self.x, true)?;
        } else {
            // From an upstream gradient of ones, which is all that `backward` offers: it spares candle a product.
            self.with_history()?.backward()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Why candle does not train LeNet here. When this fails, it can.
    #[test]
    fn the_gradient_of_a_maximum_is_divided_by_the_size_of_the_window() {
        let x = Var::new(&[[[[1_f32, 2.0], [3.0, 4.0]]]], &Device::Cpu).unwrap();
        let gradients = x.max_pool2d(2).unwrap().backward().unwrap();
        let gradient = gradients.get(&x).unwrap().flatten_all().unwrap();
        assert_eq!(gradient.to_vec1::<f32>().unwrap(), [0.0, 0.0, 0.0, 0.25]);
    }
}
