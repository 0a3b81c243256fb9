//! tract, which runs networks that others have trained: it has no gradients.

use std::path::Path;
use std::sync::Arc;

use convcore::{Geometry, safetensors};
use tract_core::internal::*;
use tract_core::ops::cnn::{Conv, KernelFormat, MaxPool, PaddingSpec, PoolSpec, SumPool};
use tract_core::ops::nn::DataFormat;
use tract_linalg::multithread::{Executor, set_default_executor};

use crate::work::{Kind, Pass, Work};
use crate::{Cannot, Ready, Result, Tensors};

pub(crate) fn prepare(work: &Work, file: &Path) -> Result<Box<dyn Ready>> {
    if work.kind == Kind::LeNet {
        return Ok(Box::new(Cannot));
    }
    // The threads that the environment names; without this, tract uses one.
    set_default_executor(Executor::RayonGlobal);
    let data = safetensors::load(file)?;
    let x = tensor(&data["x"])?;
    let mut model = TypedModel::default();
    let source = model.add_source("x", f32::fact(x.shape()))?;
    let mut constant = |name: &str| model.add_const(name, tensor(&data[name])?);
    let mut inputs = tvec![source];
    let operation: Box<dyn TypedOp> = match &work.kind {
        Kind::Convolution {
            input,
            filters,
            geometry,
            groups,
            ..
        } => {
            inputs.extend([constant("weight")?, constant("bias")?]);
            let window = window(geometry, input[1], *filters);
            Box::new(Conv::new(window, KernelFormat::OIHW, *groups, None))
        }
        Kind::MaxPool { input, geometry } => {
            Box::new(MaxPool::new(window(geometry, input[1], input[1]), None))
        }
        Kind::AveragePool { input, geometry } => Box::new(SumPool {
            pool_spec: window(geometry, input[1], input[1]),
            count_include_pad: true,
            normalize: true,
        }),
        Kind::LeNet => return Ok(Box::new(Cannot)),
    };
    let outputs = model.wire_node("y", operation, &inputs)?;
    model.select_output_outlets(&outputs)?;
    Ok(Box::new(Operation {
        x: Arc::new(x),
        plan: model.into_optimized()?.into_runnable()?,
    }))
}

fn tensor(tensor: &convcore::Tensor) -> TractResult<Tensor> {
    Tensor::from_shape(tensor.shape(), tensor.as_slice())
}

fn window(geometry: &Geometry, channels: usize, filters: usize) -> PoolSpec {
    let axes = |axes: [usize; 2]| TVec::from_slice(&axes);
    PoolSpec {
        data_format: DataFormat::NCHW,
        kernel_shape: axes(geometry.kernel),
        padding: PaddingSpec::Explicit(axes(geometry.padding), axes(geometry.padding)),
        dilations: Some(axes(geometry.dilation)),
        strides: Some(axes(geometry.stride)),
        input_channels: channels,
        output_channels: filters,
    }
}

struct Operation {
    x: Arc<Tensor>,
    plan: Arc<TypedRunnableModel>,
}

impl Operation {
    fn forward(&self) -> TractResult<TValue> {
        let mut outputs = self.plan.run(tvec![self.x.clone().into_tvalue()])?;
        Ok(outputs.remove(0))
    }
}

impl Ready for Operation {
    fn passes(&self) -> Vec<Pass> {
        vec![Pass::Forward]
    }

    fn results(&mut self) -> Result<Tensors> {
        let y = self.forward()?;
        let values = y.try_as_plain_ram()?.as_slice::<f32>()?.to_vec();
        let y = convcore::Tensor::new(y.shape(), values);
        Ok(Tensors::from([("y".to_owned(), y)]))
    }

    fn run(&mut self, _: Pass) -> Result<()> {
        self.forward()?;
        Ok(())
    }
}
