//! The nodes of the graph: how a tensor remembers what it was computed from.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ndarray::{ArcArray, IxDyn};

use super::no_grad::recording;
use crate::Tensor;

/// What a tensor's handles share.
pub(crate) struct Node {
    pub(crate) values: ArcArray<f32, IxDyn>,
    needs_grad: bool,
    label: Mutex<Option<String>>,
    grad: Mutex<Option<Tensor>>,
    history: Option<History>,
}

/// How a tensor was computed.
struct History {
    operation: &'static str,
    inputs: Vec<Tensor>,
    rules: Vec<Rule>,
}

/// Gives the gradient of one input, in that input's shape, from the gradient of the result.
pub(crate) type Rule = Box<dyn Fn(&Step<'_>) -> Tensor + Send + Sync>;

/// What a rule sees: one operation of the graph, and the gradient that has arrived at its result.
pub(crate) struct Step<'a> {
    /// The gradient of the result.
    pub(crate) grad: &'a Tensor,
    /// The operation's inputs.
    pub(crate) inputs: &'a [Tensor],
    /// The operation's result.
    pub(crate) output: &'a Tensor,
}

/// A rule for one input of an operation.
pub(crate) fn rule(f: impl Fn(&Step<'_>) -> Tensor + Send + Sync + 'static) -> Rule {
    Box::new(f)
}

impl Node {
    pub(crate) fn leaf(values: ArcArray<f32, IxDyn>) -> Node {
        Node {
            values,
            needs_grad: false,
            label: Mutex::new(None),
            grad: Mutex::new(None),
            history: None,
        }
    }

    /// Calls `visit` with each input that needs a gradient and the gradient it gets from this operation.
    pub(super) fn propagate(
        &self,
        grad: &Tensor,
        output: &Tensor,
        mut visit: impl FnMut(&Tensor, Tensor),
    ) {
        let Some(history) = &self.history else { return };
        let step = Step {
            grad,
            inputs: &history.inputs,
            output,
        };
        for (input, rule) in history.inputs.iter().zip(&history.rules) {
            if input.needs_grad() {
                visit(input, rule(&step));
            }
        }
    }
}

/// Frees a chain of any length without recursion: a node whose last handle this was hands its inputs to the loop.
impl Drop for Node {
    fn drop(&mut self) {
        let mut waiting = self
            .history
            .take()
            .map_or_else(Vec::new, |history| history.inputs);
        while let Some(tensor) = waiting.pop() {
            if let Some(mut node) = Arc::into_inner(tensor.node)
                && let Some(history) = node.history.take()
            {
                waiting.extend(history.inputs);
            }
        }
    }
}

impl Tensor {
    /// The result of an operation, with its history when an input has a gradient and recording is on.
    ///
    /// `rules` has one rule for each input, in the same order.
    pub(crate) fn recorded<'a>(
        self,
        operation: &'static str,
        inputs: impl IntoIterator<Item = &'a Tensor>,
        rules: impl IntoIterator<Item = Rule>,
    ) -> Tensor {
        let inputs = inputs.into_iter();
        if !recording() {
            return self;
        }
        let inputs: Vec<Tensor> = inputs.cloned().collect();
        if !inputs.iter().any(Tensor::needs_grad) {
            return self;
        }
        let history = History {
            operation,
            inputs,
            rules: rules.into_iter().collect(),
        };
        debug_assert_eq!(history.inputs.len(), history.rules.len());
        let mut node = Node::leaf(self.values().clone());
        node.needs_grad = true;
        node.history = Some(history);
        Tensor {
            node: Arc::new(node),
        }
    }

    /// Asks for a gradient: operations on the returned leaf are recorded from now on (`torch.Tensor.requires_grad_`).
    ///
    /// ```
    /// use convcore::Tensor;
    /// let x = Tensor::from([1., 2., 3.]).requires_grad();
    /// (&x * &x).sum().backward();
    /// assert_eq!(x.grad().unwrap(), Tensor::from([2., 4., 6.]));
    /// ```
    pub fn requires_grad(self) -> Tensor {
        if self.needs_grad() {
            return self;
        }
        let mut node = Node::leaf(self.values().clone());
        node.needs_grad = true;
        node.label = Mutex::new(self.label());
        Tensor {
            node: Arc::new(node),
        }
    }

    /// Whether a backward pass gives this tensor a gradient: it asked for one, or was computed from one that did.
    ///
    /// ```
    /// use convcore::Tensor;
    /// let x = Tensor::from([1.]).requires_grad();
    /// assert!((&x + 1.).needs_grad());
    /// assert!(!x.detach().needs_grad());
    /// ```
    pub fn needs_grad(&self) -> bool {
        self.node.needs_grad
    }

    /// The same values without history: constants, as far as gradients are concerned (`torch.Tensor.detach`).
    ///
    /// ```
    /// use convcore::Tensor;
    /// let x = Tensor::from([3.]).requires_grad();
    /// (&x * x.detach()).sum().backward();
    /// assert_eq!(x.grad().unwrap().item(), 3.); // and not 2 * 3: one factor was a constant
    /// ```
    pub fn detach(&self) -> Tensor {
        Tensor::leaf(self.values().clone())
    }

    /// The gradient that backward passes have added up here, of the tensor's own shape; `None` before the first.
    ///
    /// Unlike in PyTorch, results between the leaves and the loss keep theirs too, so that a drawn graph can show them.
    ///
    /// ```
    /// use convcore::Tensor;
    /// let x = Tensor::from([1., 2.]).requires_grad();
    /// assert!(x.grad().is_none());
    /// x.sum().backward();
    /// assert_eq!(x.grad().unwrap().to_string(), "[1, 1]");
    /// ```
    pub fn grad(&self) -> Option<Tensor> {
        lock(&self.node.grad).clone()
    }

    /// Forgets the gradient, so that the next backward pass starts from nothing.
    ///
    /// ```
    /// use convcore::Tensor;
    /// let x = Tensor::from([1.]).requires_grad();
    /// x.sum().backward();
    /// x.zero_grad();
    /// assert!(x.grad().is_none());
    /// ```
    pub fn zero_grad(&self) {
        *lock(&self.node.grad) = None;
    }

    pub(super) fn add_to_grad(&self, grad: Tensor) {
        let mut stored = lock(&self.node.grad);
        *stored = Some(match stored.take() {
            Some(earlier) => earlier + grad,
            None => grad,
        });
    }

    /// Changes the values in place, as an optimiser does. The gradient stays; other handles keep the old values.
    ///
    /// The function gets the elements in row-major order. When this is the only handle nothing is copied.
    ///
    /// **Panics** when the tensor was computed from others by a recorded operation: its history would no longer tell the
    /// truth. [`detach`](Tensor::detach) it first.
    ///
    /// ```
    /// use convcore::Tensor;
    /// let mut weight = Tensor::from([1., 2.]).requires_grad();
    /// let before = weight.clone();
    /// weight.update(|values| values[0] = 5.);
    /// assert_eq!(weight.to_string(), "[5, 2]");
    /// assert_eq!(before.to_string(), "[1, 2]");
    /// assert!(weight.needs_grad());
    /// ```
    #[track_caller]
    pub fn update(&mut self, f: impl FnOnce(&mut [f32])) {
        if let Some(operation) = self.operation() {
            panic!(
                "update: the tensor is the result of \"{operation}\" and no leaf; detach it first"
            );
        }
        if Arc::get_mut(&mut self.node).is_none() {
            let mut own = Node::leaf(self.values().clone());
            own.needs_grad = self.needs_grad();
            own.label = Mutex::new(self.label());
            own.grad = Mutex::new(self.grad());
            self.node = Arc::new(own);
        }
        let node = Arc::get_mut(&mut self.node).expect("the only handle");
        // The array behind may still be shared, with a detached tensor say: ndarray copies it then.
        f(node
            .values
            .as_slice_mut()
            .expect("tensors are kept in standard layout"));
    }

    /// Names the tensor, for drawn graphs.
    ///
    /// ```
    /// let x = convcore::Tensor::from([1.]).name("x");
    /// assert_eq!(x.label().as_deref(), Some("x"));
    /// ```
    pub fn name(self, label: impl Into<String>) -> Tensor {
        *lock(&self.node.label) = Some(label.into());
        self
    }

    /// The name given by [`name`](Tensor::name).
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([1.]).label(), None);
    /// ```
    pub fn label(&self) -> Option<String> {
        lock(&self.node.label).clone()
    }

    /// The recorded operation that computed this tensor; `None` for a leaf.
    ///
    /// With [`inputs`](Tensor::inputs) the whole graph can be walked.
    ///
    /// ```
    /// use convcore::Tensor;
    /// let x = Tensor::from([1.]).requires_grad();
    /// assert_eq!((&x + 1.).operation(), Some("add"));
    /// assert_eq!(x.operation(), None);
    /// ```
    pub fn operation(&self) -> Option<&'static str> {
        self.node.history.as_ref().map(|history| history.operation)
    }

    /// The inputs of the recorded operation, constants among them; empty for a leaf.
    ///
    /// ```
    /// use convcore::Tensor;
    /// let x = Tensor::from([1.]).requires_grad().name("x");
    /// let y = &x * &x;
    /// assert_eq!(y.inputs().len(), 2);
    /// assert_eq!(y.inputs()[0].label().as_deref(), Some("x"));
    /// ```
    pub fn inputs(&self) -> &[Tensor] {
        self.node
            .history
            .as_ref()
            .map_or(&[], |history| &history.inputs)
    }

    /// Whether both are handles of one tensor: the same values, gradient and place in the graph.
    ///
    /// ```
    /// use convcore::Tensor;
    /// let x = Tensor::from([1.]);
    /// assert!(x.same(&x.clone()));
    /// assert!(!x.same(&Tensor::from([1.])));
    /// ```
    pub fn same(&self, other: &Tensor) -> bool {
        Arc::ptr_eq(&self.node, &other.node)
    }
}

/// No code runs under these locks that could leave the value half changed, so a poisoned one is still good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
