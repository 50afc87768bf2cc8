#include "engine/listener/mailbox.hpp"

#include <utility>

namespace braid::engine {

namespace {

constexpr std::size_t kNodesAhead = 1024;  // more are allocated when needed, and kept

}  // namespace

Mailbox::Mailbox(std::shared_ptr<Notifier> notifier) : notifier_(std::move(notifier)), mails_(kNodesAhead) {}

Mailbox::~Mailbox() {
  give_all_back();
}

void Mailbox::post_share(Mail::Kind kind, Share& share) {
  intrusive_ptr_add_ref(&share.batch());
  Mail mail;
  mail.kind = kind;
  mail.share = &share;
  post(mail);
  wake();
}

void Mailbox::post_batch(Mail::Kind kind, RunningBatch& batch) {
  intrusive_ptr_add_ref(&batch);
  Mail mail;
  mail.kind = kind;
  mail.batch = &batch;
  post(mail);
}

void Mailbox::post_ready(ReadyFlag& flag) {
  Mail mail;
  mail.kind = Mail::Kind::partition_ready;
  mail.flag = &flag;
  post(mail);
  wake();
}

void Mailbox::post_command(std::unique_ptr<Command> command) {
  Mail mail;
  mail.kind = Mail::Kind::command;
  mail.command = command.release();
  post(mail);
  wake();
}

void Mailbox::post_commit_request(CommitRequestPtr request) {
  Mail mail;
  mail.kind = Mail::Kind::commit_wanted;
  mail.request = request.detach();
  post(mail);
  wake();
}

void Mailbox::post_store_answer(std::unique_ptr<StoreAnswer> answer) {
  Mail mail;
  mail.kind = Mail::Kind::store_answered;
  mail.answer = answer.release();
  post(mail);
  wake();
}

void Mailbox::post_letter_answer(std::unique_ptr<LetterAnswer> answer) {
  Mail mail;
  mail.kind = Mail::Kind::letter_answered;
  mail.letter = answer.release();
  post(mail);
  wake();
}

void Mailbox::post_unsent(RunningBatch& batch) {
  post_batch(Mail::Kind::shares_unsent, batch);
  wake();
}

void Mailbox::post(const Mail& mail) {
  mails_.push(mail);
  if (closed_.load(std::memory_order_seq_cst)) give_all_back();
}

std::optional<Mail> Mailbox::take() {
  Mail mail;
  if (!mails_.pop(mail)) return std::nullopt;
  return mail;
}

void Mailbox::settle(const Mail& mail) {
  switch (mail.kind) {
    case Mail::Kind::share_open:
    case Mail::Kind::share_held:
      intrusive_ptr_release(&mail.share->batch());
      break;
    case Mail::Kind::batch_settled:
    case Mail::Kind::shares_unsent:
      intrusive_ptr_release(mail.batch);
      break;
    case Mail::Kind::partition_ready:
      break;
    case Mail::Kind::command:
      delete mail.command;
      break;
    case Mail::Kind::commit_wanted:
      intrusive_ptr_release(mail.request);
      break;
    case Mail::Kind::store_answered:
      delete mail.answer;
      break;
    case Mail::Kind::letter_answered:
      delete mail.letter;
      break;
  }
}

void Mailbox::close() {
  closed_.store(true, std::memory_order_seq_cst);
  give_all_back();
}

void Mailbox::give_all_back() {
  while (const auto mail = take()) {
    if (mail->kind == Mail::Kind::commit_wanted) mail->request->answer_ended();
    settle(*mail);
  }
}

}  // namespace braid::engine
