"""The plain training step, sooner. Nothing here is needed to understand a training.

Contract: the numbers are those of `net(images)` and autograd, bit for bit in float32, and in bfloat16 no further from
float32's than autocast's. Only where several threads share a batch (`parts`) are its gradients added up in another
order. To do without: call the network in `learner` and `evaluation`, and drop one line of `loop`.
"""
