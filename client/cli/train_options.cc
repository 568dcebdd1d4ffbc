#include "client/cli/train_options.h"

#include <string>

#include "absl/strings/str_join.h"
#include "client/cli/reflect.h"

namespace trainyard::cli {
namespace {

template <typename Message>
std::string Variants(const char* oneof) {
  return absl::StrJoin(VariantNames(Message::descriptor()->FindOneofByName(oneof)), ", ");
}

template <typename Enum>
std::string Values() {
  return absl::StrJoin(EnumNames(google::protobuf::GetEnumDescriptor<Enum>()), ", ");
}

}  // namespace

void AddDescriptionFlags(CLI::App& command, TrainFlags& flags) {
  command.add_option("--name", flags.name, "A name for people");
  command.add_option("--label", flags.labels, "key=value; may be repeated");
  command.add_option("--priority", flags.priority, "Jobs of higher priority go first");
  command.add_option("--deadline", flags.deadline, "End the job if it has not ended by then: 90s, 1h30m from now");
}

void AddSetFlag(CLI::App& command, TrainFlags& flags) {
  command
      .add_option("--set", flags.assignments,
                  "PATH=VALUE: any field of the specification, as optimizer.schedule.step.factor=0.5; may be repeated")
      ->allow_extra_args(false);
}

void AddDataFlags(CLI::App& command, TrainFlags& flags) {
  command.add_option("--dataset", flags.dataset, "The data set to train on")->group("Data");
  command.add_option("--target", flags.target, "The column to predict, if not the data set's own")->group("Data");
  command.add_option("--validation", flags.validation, "For validation: a fraction, or a data set")->group("Data");
  command.add_option("--test", flags.test, "For the final test: a fraction, or a data set")->group("Data");
  command
      .add_flag_function(
          "--stratified,!--no-stratified", [&flags](int64_t count) { flags.stratified = count > 0; },
          "Whether the parts have the classes in the same shares")
      ->group("Data");
  command.add_option("--scaling", flags.scaling, Values<v1::Scaling>())->group("Data");
  command
      .add_option("--class-weights", flags.class_weights, "`balanced`, or weights of classes in the loss: A=2,B=0.5")
      ->group("Data");
}

void AddMinibatchFlags(CLI::App& command, TrainFlags& flags) {
  command.add_option("--batch-size", flags.batch_size, "Examples a step, or `all`")->group("Data");
  CLI::Option* order = command.add_option("--order", flags.order, Variants<v1::Minibatches>("order"))->group("Data");
  command.add_flag("--in-order", flags.in_order, "Short for --order in_order")->group("Data")->excludes(order);
  command.add_flag("--drop-last", flags.drop_last, "Leave out the shorter last minibatch of an epoch")->group("Data");
}

void AddModelFlags(CLI::App& command, TrainFlags& flags) {
  command.add_option("--hidden", flags.hidden, "Units of the hidden layers: 64,64")->delimiter(',')->group("Model");
  command.add_option("--activation", flags.activation, Variants<v1::Activation>("kind"))->group("Model");
  command.add_option("--loss", flags.loss, Variants<v1::Loss>("kind"))->group("Model");
  command.add_option("--init", flags.init, Variants<v1::Initialization>("weights"))->group("Model");
  command.add_option("--biases", flags.biases, "Of hidden units: " + Variants<v1::Initialization>("biases"))
      ->group("Model");
  command
      .add_option("--output-biases", flags.output_biases,
                  "Of output units, if not 0: " + Variants<v1::Initialization>("output_biases"))
      ->group("Model");
  command
      .add_option("--output-weights", flags.output_weights,
                  "Of the output layer, if not as the others: " + Variants<v1::Initialization>("output_weights"))
      ->group("Model");
  command.add_option("--warm-start", flags.warm_start, "Begin with the parameters of models/ID or jobs/ID[@STEP]")
      ->group("Model");
  command.add_option("--precision", flags.precision, Values<v1::Precision>())->group("Model");
  command.add_option("--seed", flags.seed, "Decides splits, initial parameters and order")->group("Model");
  command.add_option("--threads", flags.threads, "Workers that may be at one step; the bits are the same")
      ->group("Optimizer");
}

void AddRuleFlag(CLI::App& command, TrainFlags& flags) {
  command.add_option("--optimizer", flags.optimizer, Variants<v1::Optimizer>("rule"))->group("Optimizer");
}

void AddOptimizerFlags(CLI::App& command, TrainFlags& flags) {
  command.add_option("--learning-rate", flags.learning_rate, "eps_0")->group("Optimizer");
  command.add_option("--momentum", flags.momentum, "alpha, of momentum and nesterov")->group("Optimizer");
  command.add_option("--schedule", flags.schedule, Variants<v1::Schedule>("kind"))->group("Optimizer");
  command.add_option("--final-learning-rate", flags.final_learning_rate, "eps_tau of linear, eps_T of cosine")
      ->group("Optimizer");
  command.add_option("--tau-steps", flags.tau_steps, "tau in steps, of linear")->group("Optimizer");
  command.add_option("--tau-epochs", flags.tau_epochs, "tau in epochs, of linear")->group("Optimizer");
  command.add_option("--warm-up", flags.warm_up, "Rise to eps_0 first, for so long: 500 or 2.5epochs")
      ->group("Optimizer");
  command.add_option("--clip-norm", flags.clip_norm, "Clip the gradient's norm over all parameters")
      ->group("Optimizer");
}

void AddPenaltyFlags(CLI::App& command, TrainFlags& flags) {
  command.add_option("--l2", flags.l2, "lambda of (lambda / 2) |W|^2")->group("Optimizer");
  command.add_option("--l1", flags.l1, "lambda of lambda |W|_1")->group("Optimizer");
  command.add_option("--weight-decay", flags.weight_decay, "lambda of decoupled decay")->group("Optimizer");
}

void AddBudgetFlags(CLI::App& command, TrainFlags& flags) {
  command.add_option("--epochs", flags.epochs, "At most so many epochs")->group("Stopping");
  command.add_option("--steps", flags.steps, "At most so many steps")->group("Stopping");
  command.add_option("--examples", flags.examples, "At most so many examples")->group("Stopping");
  command.add_option("--time", flags.time, "At most so long: 90s, 1h30m")->group("Stopping");
}

void AddStoppingFlags(CLI::App& command, TrainFlags& flags) {
  command.add_option("--patience", flags.patience, "Stop early after so many evaluations without improvement")
      ->group("Stopping");
  command.add_option("--evaluate-every", flags.evaluate_every, "Epochs between evaluations")->group("Stopping");
  command.add_option("--checkpoint-every", flags.checkpoint_every, "Steps between checkpoints")->group("Stopping");
}

void AddMeasuringFlags(CLI::App& command, TrainFlags& flags) {
  command.add_option("--metrics", flags.metrics, Values<v1::Metric>())
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group("Measuring");
  command.add_option("--top-k", flags.top_k, "k of top_k_accuracy")->group("Measuring");
  command.add_flag("--confusion-matrix", flags.confusion_matrix, "Count the examples of each class by predicted class")
      ->group("Measuring");
}

}  // namespace trainyard::cli
