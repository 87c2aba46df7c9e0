// xor FOLDER SAMPLES BATCH EPOCHS THREADS RATE…: trains W1 (batch 4) or W1b (batch 1), once for
// every rate, and stores a row of results every 100 steps as nnexp does. The result is the last loss.
#include "xor.h"

int main(int count, char **arguments) {
  if (count < 7) return 2;
  const char *folder = arguments[1];
  int batch = atoi(arguments[3]), epochs = atoi(arguments[4]), rates = count - 6;
  double sum = 0, seconds = 0;
  int every = batch == 4 ? 100 : 25;
  double *rows = malloc(sizeof(double) * (epochs / every + 1));
  for (int trial = 0; trial < rates; trial++) {
    real rate = atof(arguments[6 + trial]), loss = 0;
    Network net = read_network(folder);
    double start = now();
    for (int epoch = 0; epoch < epochs; epoch++) {
      if (batch == 4) {
        loss = full_step(&net, rate);
      } else {
        loss = 0;
        for (int i = 0; i < 4; i++) loss += single_step(&net, i, rate) / 4;
      }
      if ((epoch + 1) % every == 0) rows[epoch / every] = loss;
    }
    seconds += now() - start;
    sum += loss;
    FILE *out = fopen("/dev/null", "w");
    for (int row = 0; row < epochs / every; row++) fprintf(out, "%d,%.17g\n", row, rows[row]);
    fclose(out);
  }
  return answer(seconds, sum / rates);
}
