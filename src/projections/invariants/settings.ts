import { isSameThrottle } from '../../domain/settings/throttle.ts';
import { type EventRule, must } from './rule.ts';

/** Limits are recorded when they change. */
export const settingRules: EventRule = ({ settings }, event) =>
  event.type === 'ThrottleSet'
    ? must(!isSameThrottle(settings.throttle, event.data), 'throttle-changes', 'the limits were so before')
    : [];
