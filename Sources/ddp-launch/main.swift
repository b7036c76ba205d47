print("ddp-launch")
