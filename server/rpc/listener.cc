#include "server/rpc/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/base/address.h"

namespace trainyard {
namespace {

constexpr int kBacklog = 4096;
constexpr int kPauseMilliseconds = 50;

// Left for the store and its files.
constexpr rlim_t kFilesForOthers = 512;

absl::Status CannotListen(const std::string& address, const std::string& why) {
  return absl::UnavailableError(absl::StrCat("can't listen on ", address, ": ", why));
}

// The kernel gives the lowest number that is free, so a high one says that nearly all files are taken.
bool IsOneTooMany(int connection) {
  rlimit files = {};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return false;
  return static_cast<rlim_t>(connection) >= files.rlim_cur - std::min(kFilesForOthers, files.rlim_cur / 4);
}

absl::StatusOr<int> OpenSocket(const sockaddr* where, socklen_t size) {
  const int fd = socket(where->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::UnavailableError(strerror(errno));
  const int on = 1;
  const int off = 0;
  if (where->sa_family != AF_UNIX) {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // connections inherit it
  }
  if (where->sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  if (bind(fd, where, size) == 0 && listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  close(fd);
  return absl::UnavailableError(strerror(error));
}

int PortOf(int fd) {
  sockaddr_storage bound = {};
  socklen_t size = sizeof(bound);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                                           : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
}

// Whether somebody listens there. EAGAIN: so many connect that the next would have to wait.
bool IsTaken(const sockaddr_un& where) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool taken = connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof(where)) == 0 || errno == EAGAIN;
  close(fd);
  return taken;
}

void RemoveSocketFile(const std::string& path) {
  struct stat found = {};
  if (stat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) unlink(path.c_str());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Open(const std::string& address) {
  std::unique_ptr<Listener> listener(new Listener(address));
  listener->stop_ = eventfd(0, EFD_CLOEXEC);
  if (listener->stop_ < 0) return CannotListen(address, strerror(errno));
  if (absl::StartsWith(address, "unix:")) {
    RETURN_IF_ERROR(listener->OpenFile(address.substr(absl::StartsWith(address, "unix://") ? 7 : 5)));
    return listener;
  }
  ASSIGN_OR_RETURN(const HostAndPort where, SplitAddress("--listen", address, ", or unix:PATH"));
  RETURN_IF_ERROR(listener->OpenPort(where.host, where.port));
  return listener;
}

absl::Status Listener::OpenFile(const std::string& path) {
  sockaddr_un where = {};
  where.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(where.sun_path)) {
    return FieldError("--listen", address_,
                      absl::StrCat("unix: and a path of 1 to ", sizeof(where.sun_path) - 1, " bytes"));
  }
  path.copy(where.sun_path, path.size());
  if (IsTaken(where)) return CannotListen(address_, strerror(EADDRINUSE));
  RemoveSocketFile(path);
  const absl::StatusOr<int> fd = OpenSocket(reinterpret_cast<const sockaddr*>(&where), sizeof(where));
  if (!fd.ok()) return CannotListen(address_, std::string(fd.status().message()));
  path_ = path;
  sockets_.push_back(*fd);
  return absl::OkStatus();
}

absl::Status Listener::OpenPort(const std::string& host, const std::string& port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return CannotListen(address_, gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  absl::Status status = absl::UnavailableError("no address");
  for (addrinfo* address = found; address != nullptr; address = address->ai_next) {
    // Where any port will do, all addresses have the one that the first got.
    if (!sockets_.empty()) {
      reinterpret_cast<sockaddr_in*>(address->ai_addr)->sin_port = htons(static_cast<uint16_t>(PortOf(sockets_[0])));
    }
    const absl::StatusOr<int> fd = OpenSocket(address->ai_addr, address->ai_addrlen);
    if (fd.ok()) {
      sockets_.push_back(*fd);
    } else {
      status = fd.status();
    }
  }
  if (sockets_.empty()) return CannotListen(address_, std::string(status.message()));
  address_ = absl::StrCat(address_.substr(0, address_.rfind(':')), ":", PortOf(sockets_[0]));
  return absl::OkStatus();
}

Listener::~Listener() {
  if (thread_.joinable()) {
    eventfd_write(stop_, 1);
    thread_.join();
  }
  // While it listens the file is its own.
  if (!path_.empty()) RemoveSocketFile(path_);
  for (const int fd : sockets_) close(fd);
  if (stop_ >= 0) close(stop_);
}

void Listener::Start(Take take) {
  thread_ = std::thread([this, take = std::move(take)] { Run(take); });
}

void Listener::Run(const Take& take) {
  std::vector<pollfd> waiting = {{.fd = stop_, .events = POLLIN, .revents = 0}};
  for (const int fd : sockets_) waiting.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  while (true) {
    poll(waiting.data(), waiting.size(), -1);
    if (waiting[0].revents != 0) return;
    for (size_t i = 1; i < waiting.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      const int connection = accept4(waiting[i].fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (connection >= 0) {
        IsOneTooMany(connection) ? static_cast<void>(close(connection)) : take(connection);
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        poll(waiting.data(), 1, kPauseMilliseconds);
      }
    }
  }
}

}  // namespace trainyard
