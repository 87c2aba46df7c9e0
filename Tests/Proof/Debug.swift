import GradientCheck
import NNExp
import RandomNetworks

func debug(_ seed: Int, _ name: String) throws {
  let network = RandomNetwork(seed: seed)
  let subject = try network.subject()
  let g = subject.analyticGradients()
  for (t, tensor) in subject.tensors.enumerated() where "\(tensor.node).\(tensor.name)" == name {
    print((0..<tensor.count).map { subject.value(of: t, at: $0) })
    print(g[t])
    let values = (0..<tensor.count).map { subject.value(of: t, at: $0) }
    for d in 0..<4 {
      let v = values.indices.map { i in (i * 7 + d * 13 + i * i * d) % 3 == 0 ? 1.0 : -1.0 }
      let a = zip(v, g[t]).reduce(0) { $0 + $1.0 * $1.1 }
      func f(_ s: Double) -> Double {
        for i in values.indices { subject.setValue(values[i] + s * v[i], of: t, at: i) }
        return subject.loss(changing: t)
      }
      let base = f(0)
      for k in 2...9 {
        let h = Double.pow(10, -Double(k))
        print("direction", d, a, h, (f(h) - base) / h, (base - f(-h)) / h)
      }
      _ = f(0)
    }
    for i in 0..<tensor.count {
      let x = subject.value(of: t, at: i)
      let base = subject.loss(changing: t)
      for k in [3, 6, 9] {
        let h = Double.pow(10, -Double(k))
        subject.setValue(x + h, of: t, at: i)
        let r = subject.loss(changing: t)
        subject.setValue(x - h, of: t, at: i)
        let l = subject.loss(changing: t)
        subject.setValue(x, of: t, at: i)
        print(i, g[t][i], h, (r - base) / h, (base - l) / h)
      }
    }
  }
}
