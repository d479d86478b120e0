"""The notebook's lines of the lesson's second half: inside the network, a photo, and changed images. No torch."""

from __future__ import annotations

from cnn_core.lesson.notebook_step import NotebookLines

_ASCENT = "cnn_core.insight.filters.ascent"
_CLIMB = "cnn_core.insight.filters.climbing"
_INSIDE = "cnn_core.insight.look.features"

INSIDE: dict[str, NotebookLines] = {
    "maps_of_layers": NotebookLines(
        r="""\
(activation_model = keras_model(inputs = model_cnn$input,
                                outputs = list(model_cnn$layers[[1]]$output, # one
                                               #model_cnn$layers[[2]]$output,
                                               model_cnn$layers[[3]]$output, # two
                                               #model_cnn$layers[[4]]$output,
                                               model_cnn$layers[[5]]$output))) # and three
batch = array_reshape(test_images[1,,,], c(1, 28, 28, 1))
activations = activation_model %>% predict(batch)
layer = 1
for(i in seq_len(32)){
  activations[[layer]][,,,i] %>% range01 %>% as.raster %>% plot
}
""",
        python="""\
activation_model = keras.Model(model_cnn.inputs, [model_cnn.layers[i].output for i in (0, 2, 4)])
batch = test_images[:1]
activations = activation_model.predict(batch)
""",
        ours=(f"{_INSIDE}:feature_maps", f"{_INSIDE}:outputs"),
        note="R counts from 1, Python and ours from 0: model_cnn$layers[[1]] is model_cnn.layers[0].",
    ),
    "one_filter": NotebookLines(
        r="""\
K <- backend()
layer_name <- "conv2d_1"
(layer_output = get_layer(model_cnn, layer_name)$output)
filter_index = 2
kernel = layer_output[,,,filter_index]
(loss = K$mean(kernel))
(grads = K$gradients(loss, model_cnn$input)[[1]])
grads = grads / (K$sqrt(K$mean(K$square(grads))) + 1e-5)
(iterate = K$`function`(inputs = c(model_cnn$input),
                        outputs = c(loss, grads)))
input_img_data = array(runif(28 * 28 * 1), dim = c(1, 28, 28, 1))
for (i in 1:40) {
  c(loss_value, grads_value) %<-% iterate(list(input_img_data))
  input_img_data <- input_img_data + grads_value
}
""",
        python="""\
import torch  # Keras's torch backend: KERAS_BACKEND=torch

filter_model = keras.Model(model_cnn.inputs, model_cnn.layers[0].output)
filter_index = 1

def iterate(image):
    image = image.detach().requires_grad_()
    loss = filter_model(image)[..., filter_index].mean()
    (grads,) = torch.autograd.grad(loss, image)
    grads = grads / (grads.square().mean().sqrt() + 1e-5)
    return loss.detach(), grads

input_img_data = torch.rand(1, 28, 28, 1)
for i in range(40):
    loss_value, grads_value = iterate(input_img_data)
    input_img_data = input_img_data + grads_value
""",
        ours=(f"{_ASCENT}:maximize_filters", f"{_CLIMB}:Climber._walk", f"{_CLIMB}:_slope"),
        note="R counts filters from 1: its filter 2 is filter 1 in Python and on our pages.",
    ),
    "gradient_size": NotebookLines(
        r="""\
(loss = K$mean(kernel))
(grads = K$gradients(loss, model_cnn$input)[[1]])
grads = grads / (K$sqrt(K$mean(K$square(grads))) + 1e-5)
""",
        python="""\
image = torch.rand(1, 28, 28, 1, requires_grad=True)
loss = filter_model(image)[..., filter_index].mean()
(grads,) = torch.autograd.grad(loss, image)
size = grads.square().mean().sqrt()
grads = grads / (size + 1e-5)
""",
        ours=(f"{_CLIMB}:_rms", f"{_ASCENT}:FilterPictures.slopes"),
        note=(
            "The notebook calls this the L2 norm. With the mean under the root it is the root mean square: the L2 "
            "norm divided by 28, the root of the 784 pixels."
        ),
    ),
    "all_filters": NotebookLines(
        r="""\
get_cnn_filters = function(layer_name, filters){
  layer_output = get_layer(model_cnn, layer_name)$output
  for(filter_index in seq_len(filters)){
    loss = K$mean(layer_output[,,,filter_index])
    grads = K$gradients(loss, model_cnn$input)[[1]]
    grads = grads / (K$sqrt(K$mean(K$square(grads))) + 1e-5)
    iterate = K$`function`(inputs = c(model_cnn$input), outputs = c(loss, grads))
    input_img_data = array(runif(28 * 28 * 1), dim = c(1, 28, 28, 1))
    for (i in 1:40) {
      c(loss_value, grads_value) %<-% iterate(list(input_img_data))
      input_img_data = input_img_data + grads_value
    }
    input_img_data[1,,,] %>% range01 %>% as.raster %>% plot
  }
}
get_cnn_filters("conv2d_1", 32)
get_cnn_filters("conv2d_2", 64)
get_cnn_filters("conv2d_3", 64)
""",
        python="""\
def get_cnn_filters(layer, filters):
    model = keras.Model(model_cnn.inputs, layer.output)
    pictures = []
    for filter_index in range(filters):
        image = torch.rand(1, 28, 28, 1)
        for i in range(40):
            image.requires_grad_()
            (grads,) = torch.autograd.grad(model(image)[..., filter_index].mean(), image)
            image = (image + grads / (grads.square().mean().sqrt() + 1e-5)).detach()
        pictures.append(image)
    return pictures

pictures = get_cnn_filters(model_cnn.layers[0], 32)
""",
        ours=(f"{_ASCENT}:maximize_filters", f"{_CLIMB}:Climber.climb"),
    ),
    "without_picture": NotebookLines(
        r="""\
get_cnn_filters("conv2d_2", 64)
""",
        python="""\
model = keras.Model(model_cnn.inputs, model_cnn.layers[2].output)
without_slope = []
for filter_index in range(64):
    image = torch.rand(1, 28, 28, 1, requires_grad=True)
    (grads,) = torch.autograd.grad(model(image)[..., filter_index].mean(), image)
    if not grads.any():  # exactly zero: the picture stays the noise it began as
        without_slope.append(filter_index)
""",
        ours=(f"{_CLIMB}:Climb.why", f"{_CLIMB}:rescue"),
        note="The notebook draws these filters as white noise. Python counts them, and ours gives them other starts.",
    ),
    "cat_face": NotebookLines(
        r="""\
net = application_mobilenet_v2(weights = "imagenet")
depth = keras_model(inputs = net$input, outputs = get_layer(net, "block_3_expand_relu")$output)
cat = image_load("cat.jpg", target_size = c(224, 224)) %>% image_to_array()
maps = depth %>% predict(mobilenet_v2_preprocess_input(array_reshape(cat, c(1, 224, 224, 3))))
""",
        python="""\
net = keras.applications.MobileNetV2(weights="imagenet")
depth = keras.Model(net.inputs, net.get_layer("block_3_expand_relu").output)
cat = keras.utils.img_to_array(keras.utils.load_img("cat.jpg", target_size=(224, 224)))
maps = depth.predict(keras.applications.mobilenet_v2.preprocess_input(cat[None]))
""",
        ours=("cnn_core.insight.dream.seen:maps_at_depth",),
        is_from_notebook=False,
        note="Keras fetches another photo network than ours, so its maps are others. A later layer is a greater depth.",
    ),
    "cat_and_dream": NotebookLines(
        r="""\
layer_output = get_layer(model_cnn, "conv2d_2")$output
loudness = K$mean(K$square(layer_output))
grads = K$gradients(loudness, model_cnn$input)[[1]]
step = 0.012 * grads / K$mean(K$abs(grads))
""",
        python="""\
dreamer = keras.Model(model_cnn.inputs, model_cnn.layers[2].output)
picture = torch.tensor(test_images[:1], dtype=torch.float32, requires_grad=True)
loudness = dreamer(picture).square().mean()
(grads,) = torch.autograd.grad(loudness, picture)
step = 0.012 * grads / grads.abs().mean()
""",
        ours=(
            "cnn_core.insight.dream.deepdream:dream",
            "cnn_core.insight.dream.deepdream:_Climb.step",
        ),
        is_from_notebook=False,
        note="One step of a dream. Ours makes many, from small pictures to large ones, and shakes the picture.",
    ),
    "turned": NotebookLines(
        r="""\
turner = image_data_generator()
image = array_reshape(test_images[1,,,], c(28, 28, 1))
turned = lapply(seq(-90, 90, 15), function(angle) turner$apply_transform(image, list(theta = angle)))
""",
        python="""\
import numpy as np
from tensorflow.keras.preprocessing.image import ImageDataGenerator

turner = ImageDataGenerator()
turned = np.stack([turner.apply_transform(test_images[0], {"theta": angle}) for angle in range(-90, 91, 15)])
""",
        ours=("cnn_core.lesson.augment_evidence:through_range", "cnn_core.data.augment:apply_affine"),
        is_from_notebook=False,
    ),
    "four_draws": NotebookLines(
        r="""\
batch = array_reshape(test_images[1,,,], c(1, 28, 28, 1))
batch_large = array_reshape(c(batch, batch, batch, batch), c(4, 28, 28, 1))
datagen = image_data_generator(rescale = 1,
                               rotation_range = 90,
                               width_shift_range = 0.2,
                               height_shift_range = 0.2,
                               shear_range = 0.2,
                               zoom_range = 0.2,
                               horizontal_flip = F,
                               fill_mode = "nearest"
)
augmentation_generator <- flow_images_from_data(batch_large,
                                                generator = datagen,
                                                batch_size = 4
)
distorted = generator_next(augmentation_generator)
""",
        python="""\
batch_large = test_images[[0, 0, 0, 0]]
datagen = ImageDataGenerator(
    rotation_range=90, width_shift_range=0.2, height_shift_range=0.2,
    shear_range=0.2, zoom_range=0.2, horizontal_flip=False, fill_mode="nearest",
)
distorted = next(datagen.flow(batch_large, batch_size=4))
""",
        ours=("cnn_core.data.augment:sample_affine", "cnn_core.data.augment:apply_affine"),
    ),
    "with_and_without": NotebookLines(
        r="""\
changed = flow_images_from_data(train_images, train_labels, generator = datagen, batch_size = 64)
model_cnn %>% fit(changed, epochs = 5)
""",
        python="""\
changed = datagen.flow(train_images, train_labels, batch_size=64)
model_cnn.fit(changed, epochs=5)
""",
        ours=("cnn_core.runs.pairs:submit_pair", "cnn_core.significance:gain"),
        is_from_notebook=False,
        note="Ours trains two networks alike, one with the changes and one without, and compares them.",
    ),
}
