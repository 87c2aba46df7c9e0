// fann FOLDER SAMPLES BATCH EPOCHS THREADS RATE…: W1, W1b and W6 by FANN, compiled for one of its
// scalar types. FANN descends half the squared error, so that its rate is twice nnexp's; it limits the
// sigmoid's slope to within [0.01 0.99], which these runs do not reach.
#ifdef FLOAT64
#include <doublefann.h>
#else
#include <floatfann.h>
#endif
#include "../limits/measure.h"

static struct fann *network(const char *folder, int batch, double rate) {
  unsigned int layers[] = {2, 2, 1};
  struct fann *net = fann_create_standard_array(3, layers);
  fann_set_activation_function_hidden(net, FANN_SIGMOID);
  fann_set_activation_function_output(net, FANN_SIGMOID);
  fann_set_activation_steepness_hidden(net, 0.5);
  fann_set_activation_steepness_output(net, 0.5);
  fann_set_train_error_function(net, FANN_ERRORFUNC_LINEAR);
  fann_set_training_algorithm(net, batch == 1 ? FANN_TRAIN_INCREMENTAL : FANN_TRAIN_BATCH);
  fann_set_learning_rate(net, 2 * rate);
  // Weights by receiving unit; the bias is the last.
  fann_type *v = read_npy(folder, "weight_0.npy"), *a = read_npy(folder, "bias_0.npy");
  fann_type *w = read_npy(folder, "weight_1.npy"), *b = read_npy(folder, "bias_1.npy");
  fann_type all[] = {v[0], v[1], a[0], v[2], v[3], a[1], w[0], w[1], b[0]};
  memcpy(net->weights, all, sizeof all);
  return net;
}

int main(int count, char **arguments) {
  if (count < 7) return 2;
  int batch = atoi(arguments[3]), epochs = atoi(arguments[4]), rates = count - 6;
  static const fann_type x[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, t[4] = {0, 1, 1, 0};
  struct fann_train_data *data = fann_create_train(4, 2, 1);
  for (int i = 0; i < 4; i++) {
    memcpy(data->input[i], x[i], sizeof x[i]);
    data->output[i][0] = t[i];
  }
  double sum = 0, seconds = 0;
  for (int trial = 0; trial < rates; trial++) {
    struct fann *net = network(arguments[1], batch, atof(arguments[6 + trial]));
    double start = now(), loss = 0;
    for (int epoch = 0; epoch < epochs; epoch++) loss = fann_train_epoch(net, data);
    seconds += now() - start;
    sum += loss;
    fann_destroy(net);
  }
  return answer(seconds, sum / rates);
}
