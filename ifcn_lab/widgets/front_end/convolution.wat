;; One row of a convolution, in WebAssembly with vectors of four numbers.
;;
;; A map lies in memory place by place, all channels of a place side by side, with a
;; border of zeros round it. So a kernel of any side, stride and dilation is three
;; steps in bytes: to the next place of the row, to the next tap, to the next row of
;; taps. Four places and eight output channels are summed up at a time: sixteen
;; vectors are all that a processor of today surely has, and this takes eleven.
;;
;; Where the row ends within four places, its last place is worked out again.
;; Input channels are a multiple of 4, output channels a multiple of 8.

(module
  (memory (export "memory") 1)

  (func (export "convolve")
    (param $input i32)      ;; the first tap of the first place
    (param $output i32)     ;; the first place of the row
    (param $add i32)        ;; a row that is added to it, or 0
    (param $weights i32)    ;; for 8 outputs: tap by tap, input by input, 8 numbers
    (param $bias i32)
    (param $width i32)      ;; places in the row
    (param $step i32)       ;; bytes from one place's first tap to the next one's
    (param $place i32)      ;; bytes of one place of the output
    (param $side i32)       ;; of the kernel, in taps
    (param $tap i32)        ;; bytes from one tap to the next
    (param $taps i32)       ;; bytes from one row of taps to the next
    (param $inputs i32)     ;; channels
    (param $relu i32)       ;; 1: below 0 becomes 0

    (local $block i32) (local $x i32) (local $kernel i32)
    (local $row i32) (local $column i32) (local $channel i32) (local $at i32)
    (local $x1 i32) (local $x2 i32) (local $x3 i32)
    (local $p0 i32) (local $p1 i32) (local $p2 i32) (local $p3 i32)
    (local $to i32)
    (local $u v128) (local $w v128) (local $v v128)
    (local $a0 v128) (local $a1 v128) (local $a2 v128) (local $a3 v128)
    (local $b0 v128) (local $b1 v128) (local $b2 v128) (local $b3 v128)

    (loop $blocks
      (local.set $x (i32.const 0))
      (loop $places
        (local.set $x1 (call $least (i32.add (local.get $x) (i32.const 1)) (local.get $width)))
        (local.set $x2 (call $least (i32.add (local.get $x) (i32.const 2)) (local.get $width)))
        (local.set $x3 (call $least (i32.add (local.get $x) (i32.const 3)) (local.get $width)))

        (local.set $a0 (v128.load (i32.add (local.get $bias) (local.get $block))))
        (local.set $b0 (v128.load offset=16 (i32.add (local.get $bias) (local.get $block))))
        (local.set $a1 (local.get $a0)) (local.set $b1 (local.get $b0))
        (local.set $a2 (local.get $a0)) (local.set $b2 (local.get $b0))
        (local.set $a3 (local.get $a0)) (local.set $b3 (local.get $b0))

        (local.set $kernel (local.get $weights))
        (local.set $row (i32.const 0))
        (loop $rows
          (local.set $column (i32.const 0))
          (loop $columns
            (local.set $at (i32.add (local.get $input)
              (i32.add (i32.mul (local.get $row) (local.get $taps))
                       (i32.mul (local.get $column) (local.get $tap)))))
            (local.set $p0 (i32.add (local.get $at) (i32.mul (local.get $x) (local.get $step))))
            (local.set $p1 (i32.add (local.get $at) (i32.mul (local.get $x1) (local.get $step))))
            (local.set $p2 (i32.add (local.get $at) (i32.mul (local.get $x2) (local.get $step))))
            (local.set $p3 (i32.add (local.get $at) (i32.mul (local.get $x3) (local.get $step))))
            (local.set $channel (local.get $inputs))
            (loop $channels
              ;; four input channels: a number of each place times eight weights
              (local.set $u (v128.load offset=0 (local.get $kernel)))
              (local.set $w (v128.load offset=16 (local.get $kernel)))
              (local.set $v (v128.load32_splat offset=0 (local.get $p0)))
              (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b0 (f32x4.add (local.get $b0) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $v (v128.load32_splat offset=0 (local.get $p1)))
              (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b1 (f32x4.add (local.get $b1) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $v (v128.load32_splat offset=0 (local.get $p2)))
              (local.set $a2 (f32x4.add (local.get $a2) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b2 (f32x4.add (local.get $b2) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $v (v128.load32_splat offset=0 (local.get $p3)))
              (local.set $a3 (f32x4.add (local.get $a3) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b3 (f32x4.add (local.get $b3) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $u (v128.load offset=32 (local.get $kernel)))
              (local.set $w (v128.load offset=48 (local.get $kernel)))
              (local.set $v (v128.load32_splat offset=4 (local.get $p0)))
              (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b0 (f32x4.add (local.get $b0) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $v (v128.load32_splat offset=4 (local.get $p1)))
              (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b1 (f32x4.add (local.get $b1) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $v (v128.load32_splat offset=4 (local.get $p2)))
              (local.set $a2 (f32x4.add (local.get $a2) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b2 (f32x4.add (local.get $b2) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $v (v128.load32_splat offset=4 (local.get $p3)))
              (local.set $a3 (f32x4.add (local.get $a3) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b3 (f32x4.add (local.get $b3) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $u (v128.load offset=64 (local.get $kernel)))
              (local.set $w (v128.load offset=80 (local.get $kernel)))
              (local.set $v (v128.load32_splat offset=8 (local.get $p0)))
              (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b0 (f32x4.add (local.get $b0) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $v (v128.load32_splat offset=8 (local.get $p1)))
              (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b1 (f32x4.add (local.get $b1) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $v (v128.load32_splat offset=8 (local.get $p2)))
              (local.set $a2 (f32x4.add (local.get $a2) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b2 (f32x4.add (local.get $b2) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $v (v128.load32_splat offset=8 (local.get $p3)))
              (local.set $a3 (f32x4.add (local.get $a3) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b3 (f32x4.add (local.get $b3) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $u (v128.load offset=96 (local.get $kernel)))
              (local.set $w (v128.load offset=112 (local.get $kernel)))
              (local.set $v (v128.load32_splat offset=12 (local.get $p0)))
              (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b0 (f32x4.add (local.get $b0) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $v (v128.load32_splat offset=12 (local.get $p1)))
              (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b1 (f32x4.add (local.get $b1) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $v (v128.load32_splat offset=12 (local.get $p2)))
              (local.set $a2 (f32x4.add (local.get $a2) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b2 (f32x4.add (local.get $b2) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $v (v128.load32_splat offset=12 (local.get $p3)))
              (local.set $a3 (f32x4.add (local.get $a3) (f32x4.mul (local.get $v) (local.get $u))))
              (local.set $b3 (f32x4.add (local.get $b3) (f32x4.mul (local.get $v) (local.get $w))))
              (local.set $p0 (i32.add (local.get $p0) (i32.const 16)))
              (local.set $p1 (i32.add (local.get $p1) (i32.const 16)))
              (local.set $p2 (i32.add (local.get $p2) (i32.const 16)))
              (local.set $p3 (i32.add (local.get $p3) (i32.const 16)))
              (local.set $kernel (i32.add (local.get $kernel) (i32.const 128)))
              (br_if $channels
                (local.tee $channel (i32.sub (local.get $channel) (i32.const 4)))))
            (br_if $columns (i32.lt_u
              (local.tee $column (i32.add (local.get $column) (i32.const 1)))
              (local.get $side))))
          (br_if $rows (i32.lt_u
            (local.tee $row (i32.add (local.get $row) (i32.const 1)))
            (local.get $side))))

        (local.set $to (i32.add (local.get $output) (local.get $block)))
        (local.set $at (i32.mul (local.get $x) (local.get $place)))
        (call $store (local.get $to) (local.get $at) (local.get $a0) (local.get $b0) (local.get $add) (local.get $block) (local.get $relu))
        (local.set $at (i32.mul (local.get $x1) (local.get $place)))
        (call $store (local.get $to) (local.get $at) (local.get $a1) (local.get $b1) (local.get $add) (local.get $block) (local.get $relu))
        (local.set $at (i32.mul (local.get $x2) (local.get $place)))
        (call $store (local.get $to) (local.get $at) (local.get $a2) (local.get $b2) (local.get $add) (local.get $block) (local.get $relu))
        (local.set $at (i32.mul (local.get $x3) (local.get $place)))
        (call $store (local.get $to) (local.get $at) (local.get $a3) (local.get $b3) (local.get $add) (local.get $block) (local.get $relu))

        (br_if $places (i32.lt_u
          (local.tee $x (i32.add (local.get $x) (i32.const 4)))
          (local.get $width))))
      (local.set $weights (local.get $kernel))
      (br_if $blocks (i32.lt_u
        (local.tee $block (i32.add (local.get $block) (i32.const 32)))
        (local.get $place))))
  )

  ;; The place, or the last one of the row where it lies beyond.
  (func $least (param $x i32) (param $width i32) (result i32)
    (select (local.get $x) (i32.sub (local.get $width) (i32.const 1))
            (i32.lt_u (local.get $x) (local.get $width))))

  ;; Eight sums of one place, with what is added to them and the ReLU.
  (func $store (param $to i32) (param $at i32) (param $a v128) (param $b v128)
               (param $add i32) (param $block i32) (param $relu i32)
    (if (local.get $add) (then
      (local.set $add (i32.add (local.get $add) (i32.add (local.get $at) (local.get $block))))
      (local.set $a (f32x4.add (local.get $a) (v128.load (local.get $add))))
      (local.set $b (f32x4.add (local.get $b) (v128.load offset=16 (local.get $add))))))
    (if (local.get $relu) (then
      (local.set $a (f32x4.max (local.get $a) (v128.const f32x4 0 0 0 0)))
      (local.set $b (f32x4.max (local.get $b) (v128.const f32x4 0 0 0 0)))))
    (local.set $to (i32.add (local.get $to) (local.get $at)))
    (v128.store (local.get $to) (local.get $a))
    (v128.store offset=16 (local.get $to) (local.get $b)))
)
