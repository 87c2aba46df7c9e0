import NNExp

/// Registers all shipped losses, metrics, optimizers, schedules, initializers and generators.
public func registerRules(in registry: inout Registry) {
  registry.register(SquaredError.self)
  registry.register(AbsoluteError.self)
  registry.register(Huber.self)
  registry.register(BinaryCrossEntropy.self)
  registry.register(CrossEntropy.self)
  registry.register(Hinge.self)
  let formulas: [any Component<any Loss>.Type] = [
    Quantile.self, Poisson.self, LogCosh.self, Contrastive.self,
    KullbackLeibler.self, CosineLoss.self, Focal.self, BinaryFocal.self, GaussianNLL.self,
  ]
  for loss in formulas { registry.losses.add(ComponentType(loss)) }
  registry.register(FormulaLoss.self)

  registry.register(Accuracy.self)
  registry.register(BalancedAccuracy.self)
  registry.register(MacroPrecision.self)
  registry.register(MacroRecall.self)
  registry.register(MacroF1.self)
  let metrics: [any Component<any Metric>.Type] = [
    WeightedPrecision.self, WeightedRecall.self, WeightedF1.self, MicroF1.self, Matthews.self,
    ROCAUC.self, AveragePrecision.self, LogLoss.self, TopK.self, ExpectedCalibrationError.self,
    MeanAbsoluteError.self, RootMeanSquaredError.self, RSquared.self,
    MeanAbsolutePercentageError.self, MaxError.self, ExplainedVariance.self, FormulaMetric.self,
  ]
  for metric in metrics { registry.metrics.add(ComponentType(metric)) }

  registry.register(SGD.self)
  registry.register(Adagrad.self)
  registry.register(RMSprop.self)
  registry.register(Adam.self)
  registry.register(AdamW.self)
  let more: [any Component<any Optimizer>.Type] = [
    NAdam.self, RAdam.self, Adadelta.self, Lion.self,
  ]
  for optimizer in more { registry.optimizers.add(ComponentType(optimizer)) }
  registry.register(Rprop.self)
  registry.register(LBFGS.self)

  let schedules: [any Component<any Schedule>.Type] = [
    ConstantSchedule.self, StepSchedule.self, ExponentialSchedule.self,
    InverseTimeSchedule.self, CosineSchedule.self, PlateauSchedule.self, MultiStepSchedule.self,
    PolynomialSchedule.self, OneCycleSchedule.self, CyclicSchedule.self,
    CosineRestartsSchedule.self,
  ]
  for schedule in schedules { registry.schedules.add(ComponentType(schedule).warmed) }
  registry.register(LinearWarmup.self)

  registry.register(GlorotUniform.self)
  registry.register(GlorotNormal.self)
  registry.register(HeUniform.self)
  registry.register(HeNormal.self)
  registry.register(UniformInitializer.self)
  registry.register(NormalInitializer.self)
  registry.register(ConstantInitializer.self)
  registry.register(Zeros.self)
  registry.register(Ones.self)
  registry.register(Orthogonal.self)
  registry.register(Values.self)

  registry.register(Parity.self)
  registry.register(Spirals.self)
  registry.register(Moons.self)
  registry.register(Circles.self)
  registry.register(Gaussians.self)
  registry.register(Sine.self)
}
