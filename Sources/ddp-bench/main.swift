print("ddp-bench")
