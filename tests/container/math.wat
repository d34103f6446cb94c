(module
  (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
  (func (export "half") (param f64) (result f64) local.get 0 f64.const 0.5 f64.mul)
  (func (export "swap") (param i64 i32) (result i32 i64) local.get 1 local.get 0)
  (func (export "nothing"))
  (func (export "fails") unreachable))
