//! Layers one after the other.

use super::{Module, prefixed, prefixed_mut};
use crate::{ShapeError, Tensor};

/// Layers one after the other, each with a name (`torch.nn.Sequential`).
///
/// ```
/// use convcore::{Tensor, nn::{Linear, Module, Relu, Sequential}, seeded};
/// let mut rng = seeded(1);
/// let model = Sequential::new()
///     .push(Linear::new(3, 4).build(&mut rng).unwrap())
///     .push(Relu)
///     .push(Linear::new(4, 2).build(&mut rng).unwrap());
/// let names: Vec<String> = model.named_parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["0.weight", "0.bias", "2.weight", "2.bias"]);
/// ```
#[derive(Default)]
pub struct Sequential {
    layers: Vec<(String, Box<dyn Module>)>,
}

impl Sequential {
    /// No layers yet: the output is the input.
    ///
    /// ```
    /// use convcore::{Tensor, nn::{Module, Sequential}};
    /// let x = Tensor::from([1., 2.]);
    /// assert_eq!(Sequential::new().forward(&x), x);
    /// ```
    pub fn new() -> Sequential {
        Sequential::default()
    }

    /// Appends a layer under a name.
    ///
    /// ```
    /// use convcore::nn::{Relu, Sequential};
    /// assert!(Sequential::new().add("relu", Relu).layer("relu").is_some());
    /// ```
    pub fn add(mut self, name: impl Into<String>, layer: impl Module + 'static) -> Sequential {
        self.layers.push((name.into(), Box::new(layer)));
        self
    }

    /// Appends a layer whose name is its position, as PyTorch names layers without one.
    ///
    /// ```
    /// use convcore::nn::{Relu, Sequential};
    /// assert!(Sequential::new().push(Relu).push(Relu).layer("1").is_some());
    /// ```
    pub fn push(self, layer: impl Module + 'static) -> Sequential {
        let name = self.layers.len().to_string();
        self.add(name, layer)
    }

    /// The layers and their names, in order: to look at what comes out of each.
    ///
    /// ```
    /// use convcore::{Tensor, nn::{Relu, Sequential, Tanh}};
    /// let model = Sequential::new().add("relu", Relu).add("tanh", Tanh);
    /// let mut x = Tensor::from([-1., 0.5]);
    /// for (name, layer) in model.layers() {
    ///     x = layer.forward(&x);
    ///     println!("{name}: {x}");
    /// }
    /// assert_eq!(x.to_string(), "[0.0000, 0.4621]");
    /// ```
    pub fn layers(&self) -> impl Iterator<Item = (&str, &dyn Module)> {
        self.layers
            .iter()
            .map(|(name, layer)| (name.as_str(), layer.as_ref()))
    }

    /// The layer of this name.
    ///
    /// ```
    /// assert!(convcore::nn::Sequential::new().layer("conv1").is_none());
    /// ```
    pub fn layer(&self, name: &str) -> Option<&dyn Module> {
        self.layers()
            .find_map(|(this, layer)| (this == name).then_some(layer))
    }

    /// A table of the layers: what each gives for an input of this shape, and how many parameters it has.
    ///
    /// Errs when a layer does not fit what comes before it.
    ///
    /// ```
    /// use convcore::{nn::{Linear, Relu, Sequential}, seeded};
    /// let model = Sequential::new().add("fc", Linear::new(4, 2).build(&mut seeded(1)).unwrap()).add("relu", Relu);
    /// let want = "\
    /// layer  kind          output  parameters
    /// fc     Linear(4, 2)  [1, 2]          10
    /// relu   Relu          [1, 2]           0
    /// total                                10";
    /// assert_eq!(model.summary(&[1, 4]).unwrap(), want);
    /// ```
    pub fn summary(&self, input: &[usize]) -> Result<String, ShapeError> {
        let header = ["layer", "kind", "output", "parameters"].map(str::to_owned);
        let mut rows = vec![header];
        let mut shape = input.to_vec();
        for (name, layer) in self.layers() {
            shape = layer
                .output_shape(&shape)
                .map_err(|error| error.in_layer(name))?;
            let count = layer.parameter_count().to_string();
            rows.push([
                name.to_owned(),
                layer.describe(),
                format!("{shape:?}"),
                count,
            ]);
        }
        rows.push([
            "total".to_owned(),
            String::new(),
            String::new(),
            self.parameter_count().to_string(),
        ]);
        let [a, b, c, d] =
            [0, 1, 2, 3].map(|i| rows.iter().map(|row| row[i].len()).max().unwrap_or(0));
        let line = |[name, kind, output, count]: &[String; 4]| {
            format!("{name:a$}  {kind:b$}  {output:c$}  {count:>d$}")
        };
        Ok(rows.iter().map(line).collect::<Vec<_>>().join("\n"))
    }
}

impl Module for Sequential {
    fn forward(&self, input: &Tensor) -> Tensor {
        let mut x = input.clone();
        for (name, layer) in self.layers() {
            // Checked here, for a panic behind a `dyn Module` could not name the caller's line.
            if let Err(error) = layer.check(x.shape()) {
                panic!("{}", error.in_layer(name));
            }
            x = layer.forward(&x);
        }
        x
    }

    fn check(&self, input: &[usize]) -> Result<(), ShapeError> {
        self.output_shape(input).map(|_| ())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let next = |shape: Vec<usize>, (name, layer): (&str, &dyn Module)| {
            layer
                .output_shape(&shape)
                .map_err(|error| error.in_layer(name))
        };
        self.layers().try_fold(input.to_vec(), next)
    }

    fn named_parameters(&self) -> Vec<(String, &Tensor)> {
        self.layers()
            .flat_map(|(name, layer)| prefixed(name, layer))
            .collect()
    }

    fn named_parameters_mut(&mut self) -> Vec<(String, &mut Tensor)> {
        self.layers
            .iter_mut()
            .flat_map(|(name, layer)| prefixed_mut(name, layer.as_mut()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::nn::{Conv2d, Linear, Module, Sequential};
    use crate::{Tensor, seeded};

    #[test]
    #[should_panic(
        expected = "layer conv1: conv2d: input has 2 channels, weight [3, 4, 3, 3] with groups 1 expects 4"
    )]
    fn a_layer_that_does_not_fit_is_named() {
        let model =
            Sequential::new().add("conv1", Conv2d::new(4, 3, 3).build(&mut seeded(1)).unwrap());
        model.forward(&Tensor::zeros(&[1, 2, 8, 8]));
    }

    #[test]
    fn nested_layers_are_named_by_their_path() {
        let inner = Sequential::new().add("fc", Linear::new(3, 2).build(&mut seeded(1)).unwrap());
        let model = Sequential::new().add("head", inner);
        assert_eq!(model.named_parameters()[0].0, "head.fc.weight");
        let error = model.check(&[1, 4]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "layer head.fc: linear: input [1, 4] has 4 features, weight [2, 3] expects 3"
        );
    }
}
