"""Networks of Keras that students bring, one function each: the kinds, not the files."""

import numpy as np

CASES = {}


def case(make):
    CASES[make.__name__] = make
    return make


def _chain(keras, *layers, shape=(28, 28, 1)):
    return keras.Sequential([keras.Input(shape), *layers])


@case
def lesson(keras, L):
    return _chain(
        keras,
        L.Conv2D(8, 3, activation="relu"),
        L.MaxPooling2D(),
        L.Conv2D(6, 3, activation="relu"),
        L.Flatten(),
        L.Dense(12, activation="relu"),
        L.Dense(10, activation="softmax"),
    )


@case
def batch_normalisation_between_convolution_and_relu(keras, L):
    return _chain(
        keras,
        L.Conv2D(6, 3, use_bias=False),
        L.BatchNormalization(),
        L.ReLU(),
        L.MaxPooling2D(3, strides=2),
        L.Conv2D(5, 3, use_bias=False),
        L.BatchNormalization(scale=False, epsilon=1e-5, momentum=0.9),
        L.Activation("tanh"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
    )


@case
def batch_normalisation_without_scale_and_centre_first(keras, L):
    return _chain(
        keras,
        L.BatchNormalization(scale=False, center=False),
        L.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
        L.BatchNormalization(center=False, epsilon=0.1),
        L.GlobalAveragePooling2D(),
        L.Dense(10, activation="softmax"),
    )


@case
def batch_normalisation_and_dropout_between_flatten_and_dense(keras, L):
    return _chain(
        keras,
        L.Conv2D(6, 5, strides=2, activation="relu"),
        L.Flatten(),
        L.Dropout(0.3),
        L.BatchNormalization(),
        L.Activation("elu"),
        L.Dense(9),
        L.BatchNormalization(),
        L.ReLU(),
        L.Dense(10),
        L.Softmax(),
    )


@case
def separate_activations(keras, L):
    return _chain(
        keras,
        L.Conv2D(4, 3),
        L.LeakyReLU(negative_slope=0.2),
        L.Conv2D(4, 3),
        L.ELU(),
        L.Conv2D(4, 3),
        L.ELU(alpha=0.5),
        L.Conv2D(4, 3, activation="gelu"),
        L.AveragePooling2D(2),
        L.Flatten(),
        L.Dense(8, activation="leaky_relu"),
        L.Dense(10),
        L.Activation("softmax"),
    )


@case
def strides_and_same(keras, L):
    return _chain(
        keras,
        L.Conv2D(5, 5, strides=2, padding="same", activation="relu"),
        L.MaxPooling2D(3, strides=2, padding="same"),
        L.Conv2D(6, 4, padding="same", activation="sigmoid"),
        L.Conv2D(6, 2, strides=3, padding="same", activation="relu"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
    )


@case
def many_kinds_of_dropout(keras, L):
    return _chain(
        keras,
        L.GaussianNoise(0.1),
        L.Conv2D(6, 3, activation="relu"),
        L.SpatialDropout2D(0.2),
        L.MaxPooling2D(),
        L.Dropout(0.25),
        L.Flatten(),
        L.Dense(10, activation="relu"),
        L.GaussianDropout(0.2),
        L.AlphaDropout(0.1),
        L.Dropout(0.5),
        L.Dense(10, activation="softmax"),
    )


@case
def functional(keras, L):
    images = keras.Input((28, 28, 1), name="digits")
    maps = L.Conv2D(6, 5, padding="same", activation="tanh", name="first")(images)
    maps = L.AveragePooling2D(2, name="smaller")(maps)
    maps = L.Conv2D(7, 5, activation="tanh", name="second")(maps)
    numbers = L.Dense(10, activation="softmax", name="says")(L.Flatten()(maps))
    return keras.Model(images, numbers, name="lenet")


@case
def a_network_in_a_network(keras, L):
    eye = _chain(keras, L.Conv2D(6, 3), L.BatchNormalization(), L.ReLU(), L.MaxPooling2D())
    head = keras.Sequential([keras.Input((13, 13, 6)), L.Conv2D(4, 3, activation="relu"), L.Flatten()])
    return _chain(keras, eye, head, L.Dense(10, activation="softmax"))


@case
def a_functional_network_in_a_functional_one(keras, L):
    inner_images = keras.Input((28, 28, 1))
    inner = L.BatchNormalization()(L.Conv2D(5, 3, activation="relu")(inner_images))
    eye = keras.Model(inner_images, inner, name="eye")
    images = keras.Input((28, 28, 1))
    maps = L.Conv2D(4, 3, activation="relu")(eye(images))
    return keras.Model(images, L.Dense(10, activation="softmax")(L.GlobalAveragePooling2D()(maps)))


@case
def inputs_from_0_to_255(keras, L):
    return _chain(
        keras,
        L.Rescaling(1 / 255),
        L.Conv2D(6, 3, padding="same", activation="relu"),
        L.MaxPooling2D(),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
    )


@case
def inputs_from_minus_1_to_1(keras, L):
    return _chain(
        keras,
        L.Rescaling(1 / 127.5, offset=-1),
        L.Conv2D(6, 3, activation="relu"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
    )


@case
def inputs_from_minus_1_to_1_before_a_border_of_zeros(keras, L):
    return _chain(
        keras,
        L.Rescaling(1 / 127.5, offset=-1),
        L.Conv2D(6, 3, padding="same", activation="relu"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
    )


@case
def a_mean_and_a_variance_for_each_colour(keras, L):
    return _chain(
        keras,
        L.Normalization(mean=[0.49, 0.48, 0.45], variance=[0.06, 0.05, 0.07]),
        L.DepthwiseConv2D(3, depth_multiplier=2, activation="relu"),
        L.Conv2D(6, 1, activation="relu"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
        shape=(32, 32, 3),
    )


@case
def rescaling_before_a_dense_layer(keras, L):
    return _chain(
        keras,
        L.Rescaling(2.0, offset=-1),
        L.Flatten(),
        L.Dense(12, activation="relu"),
        L.Dense(10, activation="softmax"),
        shape=(20, 24, 3),
    )


@case
def rescaling_before_a_batch_normalisation(keras, L):
    return _chain(
        keras,
        L.Rescaling(0.5, offset=0.1),
        L.BatchNormalization(),
        L.Conv2D(4, 3, padding="same", activation="relu"),
        L.GlobalMaxPooling2D(),
        L.Dense(10, activation="softmax"),
    )


@case
def random_changes_inside(keras, L):
    return _chain(
        keras,
        L.RandomFlip("horizontal"),
        L.RandomRotation(0.1),
        L.RandomZoom(0.1),
        L.Rescaling(1 / 255),
        L.Conv2D(4, 3, activation="relu"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
        shape=(32, 32, 3),
    )


@case
def channels_first(keras, L):
    first = {"data_format": "channels_first"}
    return _chain(
        keras,
        L.Conv2D(5, 3, activation="relu", **first),
        L.MaxPooling2D(**first),
        L.BatchNormalization(axis=1),
        L.Conv2D(4, 3, padding="same", activation="relu", **first),
        L.Flatten(data_format="channels_first"),
        L.Dense(10, activation="softmax"),
        shape=(3, 30, 26),
    )


@case
def channels_first_written_as_they_come(keras, L):
    return _chain(
        keras,
        L.Conv2D(5, 3, activation="relu", data_format="channels_first"),
        L.Flatten(data_format="channels_last"),
        L.Dense(10, activation="softmax"),
        shape=(1, 14, 12),
    )


@case
def a_list_of_784_numbers(keras, L):
    return _chain(
        keras,
        L.Dense(16, activation="relu"),
        L.Dropout(0.2),
        L.Dense(10, activation="softmax"),
        shape=(784,),
    )


@case
def rows_of_pixels_without_channels(keras, L):
    return _chain(
        keras, L.Flatten(), L.Dense(16, activation="relu"), L.Dense(10, activation="softmax"), shape=(28, 28)
    )


@case
def rows_of_pixels_that_become_maps(keras, L):
    return _chain(
        keras,
        L.Reshape((28, 28, 1)),
        L.Conv2D(4, 3, activation="relu"),
        L.Reshape((-1,)),
        L.Dense(10, activation="softmax"),
        shape=(28, 28),
    )


@case
def a_list_that_becomes_maps(keras, L):
    return _chain(
        keras,
        L.Rescaling(1 / 255),
        L.Reshape((28, 28, 1)),
        L.Conv2D(4, 3, activation="relu"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
        shape=(784,),
    )


@case
def colours_in_one_list(keras, L):
    return _chain(keras, L.Dense(8, activation="relu"), L.Dense(10, activation="softmax"), shape=(3072,))


@case
def separable(keras, L):
    return _chain(
        keras,
        L.Conv2D(4, 3, activation="relu"),
        L.SeparableConv2D(6, 3, padding="same", depth_multiplier=2, activation="relu"),
        L.DepthwiseConv2D(3, strides=2, depth_multiplier=3, use_bias=False),
        L.SeparableConv2D(5, 3, use_bias=False),
        L.GlobalAveragePooling2D(),
        L.Dense(10, activation="softmax"),
    )


@case
def holes_and_groups(keras, L):
    return _chain(
        keras,
        L.Conv2D(6, 3, dilation_rate=2, activation="relu"),
        L.Conv2D(8, 3, groups=2, padding="same", dilation_rate=3, activation="relu"),
        L.Conv2D(8, 3, groups=8, activation="relu"),
        L.DepthwiseConv2D(3, dilation_rate=2),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
    )


@case
def borders_as_in_mobile_nets(keras, L):
    return _chain(
        keras,
        L.ZeroPadding2D(((0, 1), (0, 1))),
        L.Conv2D(5, 3, strides=2, activation="relu"),
        L.ZeroPadding2D(1),
        L.DepthwiseConv2D(3, activation="relu"),
        L.ZeroPadding2D(1),
        L.Conv2D(5, 3, strides=2, activation="relu"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
    )


@case
def oblong_kernels(keras, L):
    return _chain(
        keras,
        L.Conv2D(5, (3, 5), padding="same", activation="relu"),
        L.Conv2D(5, (1, 3), padding="same", activation="relu"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
    )


@case
def the_largest_of_each_map(keras, L):
    return _chain(
        keras, L.Conv2D(7, 3, activation="relu"), L.GlobalMaxPooling2D(), L.Dense(10, activation="softmax")
    )


@case
def means_that_stay_maps(keras, L):
    return _chain(
        keras,
        L.Conv2D(7, 3, activation="relu"),
        L.GlobalAveragePooling2D(keepdims=True),
        L.Conv2D(10, 1),
        L.Flatten(),
        L.Softmax(),
    )


@case
def dense_layers_on_maps(keras, L):
    return _chain(
        keras,
        L.Conv2D(6, 3, activation="relu"),
        L.Dense(5, activation="relu"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
    )


@case
def without_softmax(keras, L):
    return _chain(keras, L.Conv2D(4, 3, activation="relu"), L.Flatten(), L.Dense(10))


@case
def a_sigmoid_for_each_class(keras, L):
    return _chain(keras, L.Conv2D(4, 3, activation="relu"), L.Flatten(), L.Dense(10, activation="sigmoid"))


@case
def activations_as_objects(keras, L):
    return _chain(
        keras,
        L.Conv2D(4, 3, activation=keras.activations.relu),
        L.Conv2D(4, 3, activation=L.LeakyReLU(negative_slope=0.2)),
        L.Conv2D(4, 3, activation=L.ReLU()),
        L.Conv2D(4, 3, activation=L.LeakyReLU()),  # Keras's own slope as a layer is 0.3
        L.Flatten(),
        L.Dense(10, activation=keras.activations.softmax),
    )


@case
def numbers_of_64_bits(keras, L):
    return _chain(
        keras,
        L.Conv2D(4, 3, activation="relu", dtype="float64"),
        L.Flatten(dtype="float64"),
        L.Dense(10, activation="softmax", dtype="float64"),
    )


@case
def oblong_pictures_in_colour(keras, L):
    return _chain(
        keras,
        L.Conv2D(5, 3, padding="same", activation="relu"),
        L.AveragePooling2D(2),
        L.Conv2D(4, 3, activation="relu"),
        L.Flatten(),
        L.Dense(7, activation="softmax"),
        shape=(24, 36, 3),
    )


@case
def without_an_input_layer(keras, L):
    model = keras.Sequential(
        [L.Conv2D(4, 3, activation="relu"), L.Flatten(), L.Dense(10, activation="softmax")]
    )
    model.build((None, 28, 28, 1))
    return model


def _adapted(L, shape, **settings):
    layer = L.Normalization(**settings)
    layer.adapt(np.random.default_rng(0).random((20, *shape)) * np.linspace(1, 2, shape[-1]))
    return layer


@case
def one_mean_and_variance_learnt_from_images(keras, L):
    return _chain(
        keras,
        L.Rescaling(1 / 255),
        _adapted(L, (28, 28, 1), axis=None),
        L.Conv2D(4, 3, activation="relu"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
    )


@case
def a_mean_and_variance_learnt_for_each_colour(keras, L):
    return _chain(
        keras,
        _adapted(L, (16, 16, 3)),
        L.Conv2D(4, 3, padding="same", activation="relu"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
        shape=(16, 16, 3),
    )


@case
def a_mean_and_variance_learnt_for_each_of_784_pixels(keras, L):
    return _chain(
        keras,
        _adapted(L, (784,)),
        L.Dense(8, activation="relu"),
        L.Dense(10, activation="softmax"),
        shape=(784,),
    )


@case
def a_mean_and_variance_learnt_for_each_number_of_a_list_of_maps(keras, L):
    return _chain(
        keras,
        L.Conv2D(3, 3, strides=3, activation="relu"),
        L.Flatten(),
        _adapted(L, (243,)),
        L.Dense(10, activation="softmax"),
    )


@case
def a_mean_and_variance_taken_back(keras, L):
    return _chain(
        keras,
        L.Normalization(mean=0.3, variance=0.2, axis=None, invert=True),
        L.Conv2D(4, 3, activation="relu"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
    )


@case
def rescaling_between_the_layers(keras, L):
    return _chain(
        keras,
        L.MaxPooling2D(),
        L.Rescaling(1 / 255),
        L.Conv2D(4, 3, padding="same", activation="relu"),
        L.Rescaling([0.5, -1.0, 2.0, 3.0], offset=[0.1, 0.2, 0.3, 0.4]),
        L.Flatten(),
        L.Rescaling(2.0, offset=-1.0),
        L.Dense(10, activation="softmax"),
    )


@case
def selu_networks(keras, L):
    return _chain(
        keras,
        L.Conv2D(4, 3, padding="same", activation="selu"),
        L.DepthwiseConv2D(3),
        L.Activation("selu"),
        L.Flatten(),
        L.Dense(8, activation=keras.activations.selu),
        L.AlphaDropout(0.1),
        L.Dense(10, activation="softmax"),
    )


@case
def edges_cut_off(keras, L):
    return _chain(
        keras,
        L.Cropping2D(2),
        L.Conv2D(4, 3, padding="same", activation="relu"),
        L.Cropping2D(((0, 3), (1, 2))),
        L.CenterCrop(18, 18),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
    )


@case
def whole_maps_that_are_oblong(keras, L):
    return _chain(
        keras,
        L.Conv2D(6, 3),
        L.MaxPooling2D(2),
        L.GlobalMaxPooling2D(),
        L.Dense(10, activation="softmax"),
        shape=(20, 29, 1),
    )


@case
def means_of_oblong_maps_that_stay_maps(keras, L):
    return _chain(
        keras,
        L.Conv2D(6, 3),
        L.GlobalAveragePooling2D(keepdims=True),
        L.Conv2D(10, 1),
        L.Flatten(),
        L.Softmax(),
        shape=(29, 20, 1),
    )


@case
def changes_that_only_a_training_makes(keras, L):
    return _chain(
        keras,
        L.RandomCrop(16, 16),
        L.RandAugment(),
        L.MixUp(),
        L.RandomGrayscale(1.0),
        L.RandomInvert(1.0),
        L.RandomPerspective(1.0),
        L.RandomErasing(1.0),
        L.Conv2D(4, 3, activation="relu"),
        L.Flatten(),
        L.Dense(10, activation="softmax"),
        shape=(16, 16, 3),
    )
