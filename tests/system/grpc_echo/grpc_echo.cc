// An app that speaks gRPC, by the real library: pushed by tests/system/grpc_test.py, and asked
// through the proxy by tests/conformance/grpc_test.py.
//
// One reactor serves every kind of call, by the last word of the method's path: Echo says each
// message again, in whatever turns; Collect answers with the number of bytes once all have come;
// Count takes a number and sends that many messages; Fail ends with a status of its own.
// Listens on $PORT; SIGTERM: says goodbye, finishes what is under way, ends.
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

std::string text_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

grpc::ByteBuffer buffer_of(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

class Call final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Call(grpc::GenericCallbackServerContext& context) {
    const std::string path = context.method();
    kind_ = path.substr(path.rfind('/') + 1);
    for (const auto& [name, value] : context.client_metadata()) {
      if (name != "x-ask") continue;
      context.AddInitialMetadata("x-first", std::string(value.data(), value.size()));
      context.AddTrailingMetadata("x-last", std::string(value.data(), value.size()));
    }
    if (const char* name = std::getenv("GRPC_ECHO_NAME")) {
      context.AddTrailingMetadata("x-name", name);
    }
    StartRead(&in_);
  }

  void OnReadDone(bool ok) override {
    if (kind_ == "Fail") return Finish({grpc::StatusCode::DATA_LOSS, "lost: 100% \xc3\xa4"});
    if (kind_ == "Count" && ok) {
      left_ = std::atoi(text_of(in_).c_str());
      return count();
    }
    if (kind_ == "Collect" && ok) {
      collected_ += in_.Length();
      return StartRead(&in_);
    }
    if (kind_ == "Collect") {
      out_ = buffer_of(std::to_string(collected_));
      return StartWriteAndFinish(&out_, {}, grpc::Status::OK);
    }
    if (!ok) return Finish(grpc::Status::OK);
    out_ = in_;
    StartWrite(&out_);
  }
  void OnWriteDone(bool ok) override {
    if (kind_ == "Collect") return;
    if (!ok) return Finish(grpc::Status::CANCELLED);
    if (kind_ == "Count") return count();
    StartRead(&in_);
  }
  void OnCancel() override {}
  void OnDone() override { delete this; }

 private:
  void count() {
    if (left_-- <= 0) return Finish(grpc::Status::OK);
    out_ = buffer_of(std::to_string(left_));
    StartWrite(&out_);
  }

  std::string kind_;
  grpc::ByteBuffer in_, out_;
  std::size_t collected_ = 0;
  int left_ = 0;
};

class Echo final : public grpc::CallbackGenericService {
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new Call(*context);
  }
};

}  // namespace

int main() {
  sigset_t wait_for;
  sigemptyset(&wait_for);
  sigaddset(&wait_for, SIGTERM);
  sigaddset(&wait_for, SIGINT);
  sigprocmask(SIG_BLOCK, &wait_for, nullptr);
  const char* port = std::getenv("PORT");
  Echo echo;
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddListeningPort("0.0.0.0:" + std::string(port == nullptr ? "5000" : port),
                           grpc::InsecureServerCredentials());
  builder.RegisterCallbackGenericService(&echo);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return 1;
  int signal = 0;
  sigwait(&wait_for, &signal);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(20));
  server->Wait();
  return 0;
}
